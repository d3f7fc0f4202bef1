/** Tablestore's error answer: HTTP status, `OTS…` code and message, as listed under "Error codes" in its documentation. */
export class OtsError extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export const parameterInvalid = (message: string) => new OtsError(400, 'OTSParameterInvalid', message);
export const authFailed = (message: string) => new OtsError(403, 'OTSAuthFailed', message);
export const unsupported = (what: string) =>
  new OtsError(400, 'OTSUnsupportOperation', `Unsupported operation: '${what}'.`);

/**
 * Refuses what the local cloud does not support (filters, versions, transactions, …) when a request asks for it: ignoring a
 * field would give a different answer from the real service.
 */
export function refuseFields(operation: string, request: object, fields: readonly string[]): void {
  const asked = fields.find((field) => Object.hasOwn(request, field));
  if (asked) throw unsupported(`${operation} with ${asked}`);
}
