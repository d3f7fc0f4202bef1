import { NotSupported } from './rule-collection.ts';

/** A path as written in a file, in the form patterns use: decoded, NFC. Throws `NotSupported`. */
export function patternOfWritten(path: string): string {
  if (/[?#]/.test(path)) throw new NotSupported('a path to match has neither ? nor #');
  const segments = path.split('/').map((segment) => {
    let decoded: string;
    try {
      decoded = decodeURIComponent(segment);
    } catch {
      throw new NotSupported('the path is not percent-encoded correctly');
    }
    // An encoded character was meant literally: a pattern cannot express that.
    const means = (text: string) => text.replace(/[^/*:]/g, '');
    if (means(decoded) !== means(segment)) throw new NotSupported('an encoded slash, star or colon cannot be matched');
    return decoded;
  });
  return segments.join('/').normalize('NFC');
}

/** The same, for a file in Netlify's format: `**` has a meaning only in our patterns. */
export function patternOfNetlify(path: string): string {
  const pattern = patternOfWritten(path);
  if (pattern.includes('**')) throw new NotSupported('the path has more than one *');
  return pattern;
}

/** A written target in ASCII: its server in punycode, the rest percent-encoded where necessary. */
export function targetOfWritten(to: string): string {
  const [server] = /^https?:\/\/[^/?#]*/i.exec(to) ?? [''];
  const encoded = to.slice(server.length).replace(/[^\x21-\x7e]+/g, (text) => {
    try {
      return encodeURIComponent(text);
    } catch {
      throw new NotSupported('the target has half of a character');
    }
  });
  if (server === '') return encoded;
  try {
    const { origin, username, password } = new URL(server);
    // With a user name it is left unchanged, and refused like every invalid target.
    return (username || password ? server : origin) + encoded;
  } catch {
    return server + encoded;
  }
}
