import type { PurgeTarget } from './edge-messages.ts';

/** Which cached URLs a purge covers. The scheme does not count: one object, one entry. */
export function purgeMatcher({ type, content, siteName }: PurgeTarget): (url: string) => boolean {
  const withoutScheme = (url: string) => url.replace(/^https?:\/\//, '');
  const hostnameOf = (url: string) => withoutScheme(url).split(/[/:?]/)[0] ?? '';
  const wanted = content.map(withoutScheme);
  switch (type) {
    case 'hostname':
      return (url) => wanted.includes(hostnameOf(url));
    case 'file':
      return (url) => wanted.includes(withoutScheme(url));
    case 'ignoreParams':
      return (url) => wanted.includes(withoutScheme(url).split('?')[0] ?? '');
    case 'directory':
      return (url) => wanted.some((prefix) => withoutScheme(url).startsWith(prefix));
    case 'purgeall':
      return (url) => hostnameOf(url) === siteName || hostnameOf(url).endsWith(`.${siteName}`);
  }
}
