import { styleText } from 'node:util';
import { displayWidth } from './printable-text.ts';

export type Style = 'bold' | 'dim' | 'green' | 'red' | 'yellow' | 'cyan';

export interface Cell {
  readonly text: string;
  readonly style?: Style | undefined;
}

/** Where a command writes what it was asked for. */
export interface Terminal {
  /** Whether a person with a colour terminal reads it. */
  readonly colours: boolean;
  line(text?: string): void;
  json(value: unknown): void;
  paint(style: Style | undefined, text: string): string;
  /** Rows below a heading, in aligned columns. */
  table(heading: readonly string[], rows: readonly (readonly (Cell | string)[])[]): void;
}

export interface Output {
  readonly isTTY?: boolean | undefined;
  write(text: string): unknown;
}

const GAP = '  ';

export function createTerminal(output: Output, environment: NodeJS.ProcessEnv): Terminal {
  // https://no-color.org: present and not empty, whatever its value.
  const colours = output.isTTY === true && !environment.NO_COLOR && environment.TERM !== 'dumb';
  const line = (text = '') => output.write(`${text}\n`);
  const paint = (style: Style | undefined, text: string) =>
    colours && style !== undefined ? styleText(style, text, { validateStream: false }) : text;

  return {
    colours,
    line,
    json: (value) => line(JSON.stringify(value, null, 2)),
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
  };
}
