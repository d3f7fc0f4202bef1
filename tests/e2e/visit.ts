import { type IncomingHttpHeaders, request } from 'node:http';

export interface Visit {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** The body as it was sent, encoded if the headers say so. */
  readonly bytes: Buffer;
}

/** A visitor's request. Node does not resolve `*.localhost`, so the name goes into `Host`, as `edgeUrl` is made for. */
export function visit(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Visit> {
  const { host, port, pathname, search } = new URL(url);
  return new Promise((resolve, reject) => {
    const asked = request(
      { host: '127.0.0.1', port, path: pathname + search, headers: { ...headers, host }, setHost: false, agent: false },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('error', reject);
        response.once('end', () => {
          const bytes = Buffer.concat(chunks);
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: bytes.toString('utf8'),
            bytes,
          });
        });
      },
    );
    asked.once('error', reject);
    asked.end();
  });
}
