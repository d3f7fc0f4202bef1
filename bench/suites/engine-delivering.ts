import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
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

/** A delivery as the bytes of its request, because the sender shares the cores with what is measured. */
function requestOf({ path, headers, body }: Delivery): Buffer {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const head = [`POST ${path} HTTP/1.1`, 'host: 127.0.0.1', ...lines, `content-length: ${body.length}`, '', ''];
  return Buffer.concat([Buffer.from(head.join('\r\n')), body]);
}

const HEAD_END = '\r\n\r\n';

/** The next answer on a connection. Only what our functions send: a status line, a `content-length`, and so many bytes. */
function nextAnswer(socket: Socket): Promise<{ status: number; body: string }> {
  let received = '';
  return new Promise((resolve, reject) => {
    const end = () => {
      socket.off('data', take);
      socket.off('close', lost);
    };
    const lost = () => {
      end();
      reject(new Error(`the connection ended after ${JSON.stringify(received)}`));
    };
    const take = (chunk: Buffer) => {
      received += chunk.toString('latin1');
      const headEnd = received.indexOf(HEAD_END);
      if (headEnd === -1) return;
      const length = Number(/\r\ncontent-length: (\d+)/i.exec(received.slice(0, headEnd))?.[1]);
      const body = received.slice(headEnd + HEAD_END.length);
      if (body.length < length) return;
      end();
      resolve({ status: Number(received.slice('HTTP/1.1 '.length, 'HTTP/1.1 200'.length)), body });
    };
    socket.on('data', take);
    socket.on('close', lost);
  });
}

async function deliverOn(
  port: number,
  queue: readonly { delivery: Delivery; request: Buffer }[],
  answers: Delivered[],
) {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  // An error shows as the end of the connection.
  socket.on('error', () => {});
  for (const { delivery, request } of queue) {
    const began = performance.now();
    const answered = nextAnswer(socket);
    socket.write(request);
    const { status, body } = await answered;
    answers.push({ delivery, status, body, ms: performance.now() - began });
  }
  socket.destroy();
}

/** Each queue on a connection of its own, one delivery after the other, all connections at the same time. */
export async function deliverAll(port: number, queues: readonly (readonly Delivery[])[]): Promise<Delivering> {
  const ready = queues.map((queue) => queue.map((delivery) => ({ delivery, request: requestOf(delivery) })));
  const answers: Delivered[] = [];
  const began = performance.now();
  await Promise.all(ready.map((queue) => deliverOn(port, queue, answers)));
  return { seconds: (performance.now() - began) / 1000, answers };
}
