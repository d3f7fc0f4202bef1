// A web function to try the runtime with: answers a request's body when all of it is there, or a large one of its own.
import { readBytes, startWebFunction } from '@miaobu/shared/runtime/web-function';

startWebFunction({
  name: 'echo-web',
  routes(app) {
    app.post('/echo', async (c) => c.text((await readBytes(c.req.raw, 1024)).toString()));
    app.get('/large', (c) => c.body(new Uint8Array(Number(c.req.query('bytes')))));
  },
  close: async () => {
    process.stdout.write('everything is closed\n');
  },
});
