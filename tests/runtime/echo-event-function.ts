// An event function to try the runtime with: returns what it was told, or fails as it was told.
import { AppError, errorCodes } from '@miaobu/shared/kernel/app-error';
import { startEventFunction } from '@miaobu/shared/runtime/event-function';
import * as z from 'zod';

startEventFunction({
  name: 'echo-event',
  event: z.strictObject({
    request_id: z.string().optional(),
    say: z.string().default('nothing'),
    fail: z.enum(errorCodes).optional(),
  }),
  async run({ say, fail }, { requestId, timeoutSeconds }) {
    if (fail) throw new AppError(fail);
    return { said: say, requestId, timeoutSeconds };
  },
  close: async () => {
    process.stdout.write('everything is closed\n');
  },
});
