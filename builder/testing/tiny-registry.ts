import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { archiveOf } from './archive-of.ts';

/** A package registry with packages of a single version, which counts its requests. */
export async function startTinyRegistry(packages: Readonly<Record<string, Readonly<Record<string, string>>>>) {
  const archives = new Map(
    Object.entries(packages).map(([name, files]) => {
      const all = { 'package.json': JSON.stringify({ name, version: '1.0.0' }), ...files };
      const entries = Object.entries(all).map(([file, content]) => ({
        path: `package/${file}`,
        content,
        verbatim: true,
      }));
      return [name, archiveOf(entries)] as const;
    }),
  );
  const asked: string[] = [];
  let isOut = false;
  let url = '';

  const distOf = (name: string, bytes: Buffer) => ({
    tarball: `${url}/${name}/-/${name}-1.0.0.tgz`,
    integrity: `sha512-${createHash('sha512').update(bytes).digest('base64')}`,
  });

  const server = createServer(({ url: path = '' }, answer) => {
    asked.push(path);
    const [, name = '', archive] = path.split('/');
    const bytes = archives.get(name);
    if (isOut || !bytes) return answer.writeHead(404).end();
    if (archive !== undefined) return answer.end(bytes);
    const version = { name, version: '1.0.0', dist: distOf(name, bytes) };
    return answer.end(JSON.stringify({ name, 'dist-tags': { latest: '1.0.0' }, versions: { '1.0.0': version } }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    url,
    /** Paths, in their order. */
    asked,
    /** From now on it has nothing. */
    goOut() {
      isOut = true;
    },
    /** A project that needs all packages, with the lockfile that npm would write. */
    projectFiles(scripts: Readonly<Record<string, string>>): Record<string, string> {
      const dependencies = Object.fromEntries([...archives.keys()].map((name) => [name, '1.0.0']));
      const own = { name: 'site', version: '1.0.0', dependencies };
      const locked = [...archives].map(([name, bytes]) => {
        const { tarball: resolved, integrity } = distOf(name, bytes);
        return [`node_modules/${name}`, { version: '1.0.0', resolved, integrity }];
      });
      return {
        'package.json': JSON.stringify({ ...own, scripts }),
        'package-lock.json': JSON.stringify({
          ...{ name: 'site', version: '1.0.0', lockfileVersion: 3, requires: true },
          packages: { '': own, ...Object.fromEntries(locked) },
        }),
      };
    },
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
