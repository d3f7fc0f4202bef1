import { ApiError } from '@miaobu/shared/contracts/client';

/** The API's refusal of a call; `details` is absent when it gave none. Throws when the call succeeds, or fails in another way. */
export async function refusalOf(call: Promise<unknown>) {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ApiError)) throw new Error('the API did not refuse', { cause: error });
  const { status, code, details } = error;
  return { status, code, ...(details === undefined ? {} : { details }) };
}
