import { Client } from 'undici';
import type { Delivery } from './engine-deliveries.ts';

export interface Delivered {
  readonly delivery: Delivery;
  readonly status: number;
  readonly body: string;
  readonly ms: number;
}

export interface Delivering {
  readonly seconds: number;
  readonly answers: readonly Delivered[];
}

async function deliver(client: Client, delivery: Delivery): Promise<Delivered> {
  const { path, headers, body } = delivery;
  const began = performance.now();
  const answer = await client.request({ method: 'POST', path, headers, body });
  const text = await answer.body.text();
  return { delivery, status: answer.statusCode, body: text, ms: performance.now() - began };
}

/** Each queue on a connection of its own, one delivery after the other, all connections at the same time. */
export async function deliverAll(port: number, queues: readonly (readonly Delivery[])[]): Promise<Delivering> {
  const answers: Delivered[] = [];
  const clients = queues.map(() => new Client(`http://127.0.0.1:${port}`, { pipelining: 1 }));
  try {
    const began = performance.now();
    await Promise.all(
      clients.map(async (client, index) => {
        for (const delivery of queues[index] ?? []) answers.push(await deliver(client, delivery));
      }),
    );
    return { seconds: (performance.now() - began) / 1000, answers };
  } finally {
    await Promise.all(clients.map((client) => client.close()));
  }
}
