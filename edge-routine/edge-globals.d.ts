/**
 * What ESA adds to the web platform inside an edge routine, as far as this routine uses it. Types only: `index.ts`
 * declares the globals itself, so that no other file of the project can name them.
 */

/** Edge KV, read side. Eventually consistent: a write reaches every POP within 300 s, each key on its own. */
export interface EdgeKv {
  /**
   * The value, or undefined when the key is missing. The type has to be named: the documentation gives `stream` as the
   * default and esa-cli's imitation gives `text`.
   */
  get(key: string, options: { readonly type: 'text' }): Promise<string | undefined>;
}

export type EdgeKvConstructor = new (options: { readonly namespace: string }) => EdgeKv;

/**
 * ESA's `fetch` with its own option. Without `manual` it decodes gzip, drops `content-encoding`, and throws on any other
 * encoding. Specified in Alibaba Cloud's "Fetch API" of ESA edge functions.
 */
export type EdgeFetch = (request: Request, options: { readonly decompress: 'manual' }) => Promise<Response>;
