import { connect, createServer, type Socket } from 'node:net';

/** One statement on its way to Postgres. */
export interface PassingStatement {
  /** Its text: the parameters are not known. */
  readonly statement: string;
  /** Everything its transaction has said so far, this statement included. */
  readonly transaction: string;
  /** `before`: Postgres has not received it. `after`: it is done, and the caller has not got the answer. */
  readonly side: 'before' | 'after';
  /** The caller's port. */
  readonly callerPort: number;
}

/** `fail` cuts the connection: before, the statement was never sent; after, it is done and its answer is lost. */
export type StatementObserver = (passing: PassingStatement) => Promise<'pass' | 'fail'>;

export interface PostgresProxy {
  readonly port: number;
  close(): Promise<void>;
}

const QUERY = 'Q';
const PARSE = 'P';
const BIND = 'B';
const SYNC = 'S';
const READY = 'Z';
const LENGTH_BYTES = 4;

/**
 * Sits between the functions and Postgres and shows every statement to an observer, before and after. It knows only as much of
 * the protocol as that takes: a message is a letter, a length and a body, except that the first has no letter; a client sends
 * `Query`, or `Parse`, `Bind` … `Sync`, and is answered until `ReadyForQuery`. A statement parsed under a name is later
 * bound without being parsed again.
 */
export async function startPostgresProxy(upstream: URL, observe: StatementObserver): Promise<PostgresProxy> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const database = connect(Number(upstream.port), upstream.hostname);
    for (const socket of [client, database]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => {});
      socket.once('close', () => sockets.delete(socket));
    }
    join(client, database, observe);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function join(client: Socket, database: Socket, observe: StatementObserver): void {
  const callerPort = client.remotePort ?? 0;
  /** Undefined between transactions. */
  let transaction: string[] | undefined;
  let asked: Buffer[] = [];
  let text = '';
  const kept = new Map<string, string>();
  let working = Promise.resolve();
  // Set while an answer is awaited: incoming data is kept until it is complete.
  let answered: ((answer: Buffer) => void) | undefined;
  let answer: Buffer[] = [];

  const end = () => {
    client.destroy();
    database.destroy();
  };
  client.once('close', end);
  database.once('close', () => {
    // Its final messages (server shutdown, session terminated) go to the client.
    answered?.(Buffer.concat(answer));
    void working.then(() => client.end());
  });

  const ask = async (request: Buffer, statement: string) => {
    if (/^\s*begin/i.test(statement)) transaction = [];
    transaction?.push(statement);
    const passing = { statement, transaction: transaction?.join(';\n') ?? statement, callerPort };
    if (/^\s*(commit|rollback)/i.test(statement)) transaction = undefined;
    if ((await observe({ ...passing, side: 'before' })) === 'fail' || database.destroyed) return end();
    const complete = new Promise<Buffer>((resolve) => {
      answered = resolve;
    });
    database.write(request);
    const said = await complete;
    if ((await observe({ ...passing, side: 'after' })) === 'fail') return end();
    client.write(said);
  };

  client.on(
    'data',
    messages(true, (type, message) => {
      if (type === QUERY) text = message.toString('utf8', 1 + LENGTH_BYTES, message.length - 1);
      if (type === PARSE) {
        const [name = '', statement = ''] = strings(message, 2);
        kept.set(name, statement);
      }
      if (type === BIND) {
        const [, name = ''] = strings(message, 2);
        text = kept.get(name) ?? '';
      }
      asked.push(message);
      if (type !== '' && type !== QUERY && type !== SYNC && type !== 'p' && type !== 'X') return;
      const request = Buffer.concat(asked);
      asked = [];
      if (type === QUERY || type === SYNC) {
        const statement = text;
        working = working.then(() => ask(request, statement));
      } else database.write(request);
    }),
  );
  database.on(
    'data',
    messages(false, (type, message) => {
      if (!answered) return void client.write(message);
      answer.push(message);
      if (type !== READY) return;
      const done = answered;
      const whole = Buffer.concat(answer);
      answered = undefined;
      answer = [];
      done(whole);
    }),
  );
}

/** The zero-terminated strings at the beginning of a message. */
function strings(message: Buffer, count: number): string[] {
  let from = 1 + LENGTH_BYTES;
  return Array.from({ length: count }, () => {
    const start = from;
    from = message.indexOf(0, start) + 1;
    return message.toString('utf8', start, from - 1);
  });
}

/** Cuts a stream into messages. A client's first has no letter. */
function messages(firstHasNoType: boolean, take: (type: string, message: Buffer) => void): (chunk: Buffer) => void {
  let untyped = firstHasNoType;
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    for (;;) {
      const start = untyped ? 0 : 1;
      if (rest.length < start + LENGTH_BYTES) return;
      const length = start + rest.readUInt32BE(start);
      if (rest.length < length) return;
      take(untyped ? '' : String.fromCharCode(rest[0] ?? 0), rest.subarray(0, length));
      untyped = false;
      rest = rest.subarray(length);
    }
  };
}
