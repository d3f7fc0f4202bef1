const LETTERS_DIGITS_HYPHENS = /^[a-z0-9-]+(\.[a-z0-9-]+)*$/;

/**
 * The hostname a URL asks for, in the one spelling Edge KV uses: `URL` has already lowered its case, written it in
 * punycode and separated it from the port; one trailing dot is removed too. Undefined for what can never be deployed to (IPv6
 * literals, underscores, over-long names), which saves the read and KV's error for a malformed key.
 *
 * The Host header is not consulted: where it differs from the request's URL, the URL wins (RFC 9112 §3.2.2).
 */
export function canonicalHostname(url: URL): string | undefined {
  const hostname = url.hostname.endsWith('.') ? url.hostname.slice(0, -1) : url.hostname;
  return hostname.length <= 253 && LETTERS_DIGITS_HYPHENS.test(hostname) ? hostname : undefined;
}
