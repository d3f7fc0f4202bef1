// The baseline for the edge: the plainest file server in Node. It knows one folder and no hostnames, and
// does not handle missing files. Prints its port; ends with its standard input.
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';

const [folder = ''] = process.argv.slice(2);

const server = createServer(async (request, response) => {
  const file = path.join(folder, path.normalize(request.url ?? '/'));
  const { size } = await stat(file);
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'content-length': size });
  createReadStream(file).pipe(response);
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
process.stdin.resume().once('end', () => process.exit(0));
