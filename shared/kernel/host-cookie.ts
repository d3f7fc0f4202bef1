/**
 * A `Set-Cookie` line for a cookie that only this very host gets back, over HTTPS (or to localhost), and that no script reads:
 * the `__Host-` prefix makes browsers insist on it (RFC 6265bis §4.1.3.2). `Lax` lets it come along when GitHub sends the browser back.
 */
export const hostCookie = (name: `__Host-${string}`, value: string, maxAgeSeconds: number) =>
  `${name}=${value}; Max-Age=${maxAgeSeconds}; Path=/; Secure; HttpOnly; SameSite=Lax`;

/** Makes the browser forget it. */
export const expiredHostCookie = (name: `__Host-${string}`) => hostCookie(name, '', 0);
