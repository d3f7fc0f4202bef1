import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const normalized = (name: string) => name.toLowerCase().replaceAll(/[-_.]+/g, '-');

/** A Python package index (PEP 503), like the mirror that an operator would configure for all builds. */
export async function startWheelIndex(wheels: ReadonlyMap<string, Buffer>) {
  const asked: string[] = [];
  const server = createServer(({ url: path = '' }, answer) => {
    asked.push(path);
    const [, folder, name = ''] = path.split('/');
    const wheel = folder === 'files' ? wheels.get(name) : undefined;
    if (wheel) return answer.end(wheel);
    const files = [...wheels.keys()].filter((file) => normalized(file.split('-')[0] ?? '') === name);
    if (folder !== 'simple' || files.length === 0) return answer.writeHead(404).end();
    answer.setHeader('content-type', 'text/html; charset=utf-8');
    return answer.end(`<!doctype html>${files.map((file) => `<a href="/files/${file}">${file}</a>`).join('\n')}`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/simple`,
    /** Paths, in their order. */
    asked,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
