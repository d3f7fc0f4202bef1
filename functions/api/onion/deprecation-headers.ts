import type { Deprecation } from '@miaobu/shared/contracts/endpoint';

/** `Deprecation` (RFC 9745), `Sunset` (RFC 8594), and where to go instead. */
export function deprecationHeaders({ since, sunset, successor }: Deprecation): Readonly<Record<string, string>> {
  return {
    deprecation: `@${Date.parse(`${since}T00:00:00Z`) / 1000}`,
    sunset: new Date(`${sunset}T00:00:00Z`).toUTCString(),
    link: `<${successor}>; rel="successor-version"`,
  };
}
