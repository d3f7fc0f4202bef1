/** Makes whole lines of text that comes in pieces. A line that is written over itself (a progress bar) is its last state. */
export function splitLines(): { push(text: string): string[]; end(): string[] } {
  let partial = '';
  const shown = (line: string) => line.replace(/\r+$/, '').split('\r').at(-1) ?? '';
  return {
    push(text) {
      const lines = (partial + text).split('\n');
      partial = lines.pop() ?? '';
      return lines.map(shown);
    },
    end() {
      const rest = partial;
      partial = '';
      return rest === '' ? [] : [shown(rest)];
    },
  };
}
