const [QUOTE, BACKSLASH, OPENING, CLOSING] = [
  Buffer.from('"')[0],
  Buffer.from('\\')[0],
  Buffer.from('[{'),
  Buffer.from(']}'),
];

/** Whether JSON nests lists and objects deeper than `depth`. Looks at each byte once, and does not validate the rest. */
export function isNestedDeeper(json: Buffer, depth: number): boolean {
  let open = 0;
  for (let at = 0; at < json.length; at++) {
    const byte = json[at];
    if (byte === QUOTE) at = endOfString(json, at);
    else if (byte === OPENING[0] || byte === OPENING[1]) open += 1;
    else if (byte === CLOSING[0] || byte === CLOSING[1]) open -= 1;
    if (open > depth) return true;
  }
  return false;
}

/** The index of the quote that ends the string beginning here. */
function endOfString(json: Buffer, begin: number): number {
  let at = begin + 1;
  while (at < json.length && json[at] !== QUOTE) at += json[at] === BACKSLASH ? 2 : 1;
  return at;
}
