// A web function to try the runtime with: answers a request's body when all of it is there, or a large one of its own.

import { readBytes, startWebFunction } from '@miaobu/shared/runtime/web-function';
import { eventStream } from '../../functions/api/onion/event-stream.ts';

/** Begins, and then has nothing to say. */
async function* silence() {
  yield { data: 'begun' };
  await new Promise(() => {});
}

startWebFunction({
  name: 'echo-web',
  routes(app, _log, stopping) {
    app.post('/echo', async (c) => c.text((await readBytes(c.req.raw, 1024)).toString()));
    app.get('/events', (c) => c.body(eventStream(silence(), { signal: stopping, parse: String, heartbeatMs: 20 })));
    app.get('/large', (c) => c.body(new Uint8Array(Number(c.req.query('bytes')))));
  },
  close: async () => {
    process.stdout.write('everything is closed\n');
  },
});
