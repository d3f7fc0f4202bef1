import { stripVTControlCharacters } from 'node:util';

// biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character is what begins a colour
const COLOUR = /(\u001b\[[\d;:]*m)/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are exactly what is removed
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;
const RESET = '\u001b[0m';

const plain = (text: string) => stripVTControlCharacters(text).replace(CONTROL, '');

/**
 * Text from elsewhere (a commit message, what a build printed) as it may be shown: without the sequences that move a
 * terminal's cursor, rename its window or write to its clipboard, and without the characters that turn a line round. Colours may stay.
 */
export function printableText(text: string, { keepColours = false } = {}): string {
  if (!keepColours || !COLOUR.test(text)) return plain(text);
  // Split by a capturing group: every second piece is a colour.
  const pieces = text.split(COLOUR).map((piece, index) => (index % 2 === 1 ? piece : plain(piece)));
  return pieces.join('') + RESET;
}

const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;
const graphemes = new Intl.Segmenter();

/** Columns that plain text takes on a terminal: Chinese characters and emoji take two. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += WIDE.test(segment) ? 2 : 1;
  return width;
}

/** At most `width` columns of a text's first line, with an ellipsis where something is missing. */
export function shortened(text: string, width: number): string {
  const [line = ''] = text.trim().split('\n', 1);
  const clean = printableText(line);
  if (displayWidth(clean) <= width) return clean;
  let head = '';
  for (const { segment } of graphemes.segment(clean)) {
    if (displayWidth(head + segment) > width - 1) break;
    head += segment;
  }
  return `${head}…`;
}
