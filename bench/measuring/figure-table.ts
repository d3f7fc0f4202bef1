import { type Figure, meetsTarget, spreadOf } from './figure.ts';

const HEADINGS = ['', 'unit', 'n', 'min', 'median', 'max', 'target'];

/** Three digits are as precise as such a measurement is; counts stay whole. */
function shown(value: number): string {
  if (Number.isInteger(value)) return String(value);
  return value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2);
}

function rowOf(figure: Figure): string[] {
  const { min, median, max } = spreadOf(figure.samples);
  const { target } = figure;
  const verdict = target ? `${target.relation} ${shown(target.value)} ${meetsTarget(figure) ? '✓' : '✗'}` : '';
  return [figure.name, figure.unit, String(figure.samples.length), shown(min), shown(median), shown(max), verdict];
}

/** Figures as lines of text in columns, each followed by its notes. */
export function figureTable(figures: readonly Figure[]): string[] {
  const rows = [HEADINGS, ...figures.map(rowOf)];
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const isText = (column: number) => column <= 1 || column === HEADINGS.length - 1;
  const lineOf = (row: readonly string[]) =>
    row
      .map((cell, column) => (isText(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd();
  return rows.flatMap((row, index) => {
    const note = figures[index - 1]?.note;
    return note === undefined ? [lineOf(row)] : [lineOf(row), `  (${note})`];
  });
}
