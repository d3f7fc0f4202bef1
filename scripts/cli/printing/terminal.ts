import { styleText } from 'node:util';
import { displayWidth } from './printable-text.ts';

export type Style = 'bold' | 'dim' | 'green' | 'red' | 'yellow' | 'cyan';

export interface Cell {
  readonly text: string;
  readonly style?: Style | undefined;
}

/** Where a command writes. */
export interface Terminal {
  /** Whether a person with a colour terminal reads it. */
  readonly colours: boolean;
  line(text?: string): void;
  json(value: unknown): void;
  /** One of a growing list of documents: JSON on a line of its own. */
  jsonLine(value: unknown): void;
  paint(style: Style | undefined, text: string): string;
  /** Rows below a heading, in aligned columns. */
  table(heading: readonly string[], rows: readonly (readonly (Cell | string)[])[]): void;
  /** What is true at this moment, in the terminal's last line: it goes when anything else is written. Nothing where nobody sees it. */
  passing(text: string): void;
}

export interface Output {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number;
  write(text: string): unknown;
}

const GAP = '  ';
const CLEAR_LINE = '\r\u001b[2K';

/** Without the control characters that JSON leaves as they are: C1 begins sequences on some terminals, and the others turn lines round. */
const jsonText = (value: unknown, indent?: number) =>
  JSON.stringify(value, null, indent).replace(
    /[\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

export function createTerminal(output: Output, environment: NodeJS.ProcessEnv): Terminal {
  const isTerminal = output.isTTY === true && environment.TERM !== 'dumb';
  // https://no-color.org: present and not empty, whatever its value.
  const colours = isTerminal && !environment.NO_COLOR;
  let isPassing = false;
  const write = (text: string) => {
    output.write(isPassing ? CLEAR_LINE + text : text);
    isPassing = false;
  };
  const line = (text = '') => write(`${text}\n`);
  const paint = (style: Style | undefined, text: string) =>
    colours && style !== undefined ? styleText(style, text, { validateStream: false }) : text;

  return {
    colours,
    line,
    json: (value) => line(jsonText(value, 2)),
    jsonLine: (value) => line(jsonText(value)),
    paint,
    table(heading, rows) {
      const cells = [
        heading.map((text): Cell => ({ text, style: 'dim' })),
        ...rows.map((row) => row.map((cell): Cell => (typeof cell === 'string' ? { text: cell } : cell))),
      ];
      const widths = heading.map((_, column) => Math.max(...cells.map((row) => displayWidth(row[column]?.text ?? ''))));
      for (const row of cells) {
        const padded = row.map(({ text, style }, column) => {
          const padding = column === row.length - 1 ? 0 : (widths[column] ?? 0) - displayWidth(text);
          return paint(style, text) + ' '.repeat(padding);
        });
        line(padded.join(GAP).trimEnd());
      }
    },
    passing(text) {
      if (!isTerminal) return;
      // A line that wraps could not be cleared.
      const fits = displayWidth(text) < (output.columns ?? 80);
      write(fits ? paint('dim', text) : '');
      isPassing = fits;
    },
  };
}
