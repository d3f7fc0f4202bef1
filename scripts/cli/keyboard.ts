import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';

/** What the person, or the program before us in a pipe, gives us. */
export interface Keyboard {
  /** Whether a person can be asked. */
  readonly interactive: boolean;
  ask(question: string): Promise<string>;
  /** The same without showing what is typed. */
  askSecret(question: string): Promise<string>;
  /** Everything that comes through standard input. */
  readAll(): Promise<string>;
}

type Input = NodeJS.ReadStream;
type Output = NodeJS.WriteStream;

async function ask(input: Input, output: NodeJS.WritableStream, question: string): Promise<string> {
  const lines = createInterface({ input, output, terminal: true });
  try {
    return await new Promise<string>((resolve, reject) => {
      lines.question(question).then(resolve, reject);
      // Ctrl-C and Ctrl-D: no answer.
      lines.once('close', () => resolve(''));
    });
  } finally {
    lines.close();
  }
}

/** Questions go to `output`, which should not be where the answer of the command goes. */
export function openKeyboard(input: Input, output: Output): Keyboard {
  return {
    interactive: input.isTTY === true && output.isTTY === true,
    ask: (question) => ask(input, output, question),
    async askSecret(question) {
      output.write(question);
      const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
      try {
        return await ask(input, silent, '');
      } finally {
        output.write('\n');
      }
    },
    async readAll() {
      const chunks: Buffer[] = [];
      for await (const chunk of input) chunks.push(Buffer.from(chunk));
      return Buffer.concat(chunks).toString('utf8');
    },
  };
}
