/**
 * A `Set-Cookie` line for a cookie that is sent back to this host only, over HTTPS (or to localhost), and is invisible to scripts: the
 * `__Host-` prefix makes browsers enforce it (RFC 6265bis §4.1.3.2). With `Lax` it is sent when GitHub redirects back.
 */
export const hostCookie = (name: `__Host-${string}`, value: string, maxAgeSeconds: number) =>
  `${name}=${value}; Max-Age=${maxAgeSeconds}; Path=/; Secure; HttpOnly; SameSite=Lax`;

/** Makes the browser delete it. */
export const expiredHostCookie = (name: `__Host-${string}`) => hostCookie(name, '', 0);
