/** What the routine needs from its environment. */
export interface EdgeDeps {
  /** Reads a value of Edge KV; undefined when the key is missing. Rejects when KV fails. */
  lookup(namespace: string, key: string): Promise<string | undefined>;
  /** Sends a sub-request to the bucket behind the visitor's own hostname, without following redirects. */
  fetchOrigin(request: Request): Promise<Response>;
  /** Milliseconds since 1970. */
  now(): number;
  /** Writes one structured line for the operator. Never holds anything the visitor sent except the hostname. */
  log(entry: Readonly<Record<string, string | number>>): void;
}
