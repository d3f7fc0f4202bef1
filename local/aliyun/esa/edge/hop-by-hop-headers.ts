/** Headers that apply to one connection only (RFC 9110, 7.6.1) and never pass through the edge. */
const HOP_BY_HOP = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

/** A predicate for the headers of one message, given its `Connection` header, which may name more. */
export function isHopByHop(connection: string | null | undefined): (name: string) => boolean {
  const named = new Set([...HOP_BY_HOP, ...(connection ?? '').split(',').map((name) => name.trim().toLowerCase())]);
  return (name) => named.has(name.toLowerCase());
}
