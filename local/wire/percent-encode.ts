/** Every byte of the UTF-8 percent-encoded but those that RFC 3986 calls unreserved (§2.3): `encodeURIComponent` leaves `!'()*` too. */
export const percentEncode = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
