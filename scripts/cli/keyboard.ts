import { createInterface, type Interface } from 'node:readline/promises';
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

/** Asks through an interface that is there already: what is typed is shown, or not, from its first letter. */
async function answerTo(lines: Interface, question: string): Promise<string> {
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
    ask: (question) => answerTo(createInterface({ input, output, terminal: true }), question),
    async askSecret(question) {
      const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
      // It makes the terminal show nothing that is typed; so it comes before the question, which may be answered at once.
      const lines = createInterface({ input, output: silent, terminal: true });
      output.write(question);
      try {
        return await answerTo(lines, '');
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
