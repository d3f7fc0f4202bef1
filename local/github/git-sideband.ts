const packet = (band: number, text: string) => {
  const length = Buffer.byteLength(text) + 5;
  return Buffer.concat([
    Buffer.from(`${length.toString(16).padStart(4, '0')}`),
    Buffer.from([band]),
    Buffer.from(text),
  ]);
};
const FLUSH = Buffer.from('0000');

/**
 * Splits receive-pack's answer before its last flush, so that lines for the pusher can be inserted (git shows
 * them as `remote: …`). Undefined when the client did not ask for a sideband: then nothing can be added.
 * Specified in git's gitprotocol-pack, "Report Status" and "side-band-64k".
 */
export function splitBeforeFlush(output: Buffer): { head: Buffer; tail: Buffer } | undefined {
  const band = output[4];
  const isSideband = band === 1 || band === 2 || band === 3;
  if (!isSideband || !output.subarray(-4).equals(FLUSH)) return undefined;
  return { head: output.subarray(0, -4), tail: FLUSH };
}

/** One `remote:` line. */
export const remoteLine = (text: string) => packet(2, `${text}\n`);
