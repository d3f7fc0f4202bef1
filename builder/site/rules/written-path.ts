import { NotSupported } from './rule-collection.ts';

/** A path as people write it in a file, as patterns have it: decoded, NFC. Throws `NotSupported`. */
export function patternOfWritten(path: string): string {
  if (/[?#]/.test(path)) throw new NotSupported('a path to match has neither ? nor #');
  const segments = path.split('/').map((segment) => {
    let decoded: string;
    try {
      decoded = decodeURIComponent(segment);
    } catch {
      throw new NotSupported('the path is not percent-encoded correctly');
    }
    // What was encoded was meant as it is: there is no way to say that in a pattern.
    const means = (text: string) => text.replace(/[^/*:]/g, '');
    if (means(decoded) !== means(segment)) throw new NotSupported('an encoded slash, star or colon cannot be matched');
    return decoded;
  });
  return segments.join('/').normalize('NFC');
}

/** The same, of a file of Netlify's form: `**` means something in our patterns only. */
export function patternOfNetlify(path: string): string {
  const pattern = patternOfWritten(path);
  if (pattern.includes('**')) throw new NotSupported('the path has more than one *');
  return pattern;
}

/** A target as people write it, in ASCII: its server in punycode, the rest percent-encoded where it has to be. */
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
    // With a user name it stays as it is, and is refused like every target that is none.
    return (username || password ? server : origin) + encoded;
  } catch {
    return server + encoded;
  }
}
