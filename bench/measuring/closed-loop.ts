import { Agent, request } from 'node:http';

export interface LoadTarget {
  readonly port: number;
  readonly path: string;
  readonly host: string;
  /** What every answer has to be: a fast wrong answer does not count. */
  readonly body: Buffer;
}

export interface Load {
  readonly requestsPerSecond: number;
  /** Of every request, in no order. */
  readonly latenciesMs: readonly number[];
}

function ask({ port, path, host, body }: LoadTarget, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, headers: { host }, setHost: false, agent }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => {
        if (response.statusCode === 200 && Buffer.concat(chunks).equals(body)) resolve();
        else reject(new Error(`${host}${path} answered ${response.statusCode}, and not what it should`));
      });
    });
    asked.once('error', reject);
    asked.end();
  });
}

/** A number of connections, each sending its next request as soon as it has its answer, for a given time. */
export async function closedLoop(target: LoadTarget, connections: number, durationMs: number): Promise<Load> {
  const latenciesMs: number[] = [];
  const began = performance.now();
  const connection = async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    try {
      for (let start = performance.now(); start - began < durationMs; start = performance.now()) {
        await ask(target, agent);
        latenciesMs.push(performance.now() - start);
      }
    } finally {
      agent.destroy();
    }
  };
  await Promise.all(Array.from({ length: connections }, connection));
  return { requestsPerSecond: (latenciesMs.length * 1000) / (performance.now() - began), latenciesMs };
}
