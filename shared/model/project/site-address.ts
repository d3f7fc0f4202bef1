/** Origin of all sites: `https://example.site` means `https://{slug}.example.site`. */
export interface SiteAddress {
  /** `{slug}.example.site` (production) or `{slug}-staging.example.site`. */
  hostname(slug: string, environment?: string): string;
  /** The same as a URL with a trailing slash, with the port if there is one. */
  url(slug: string, environment?: string): string;
}

/** Addresses of sites below `sitesOrigin`, an origin such as `https://sites.example.com`. */
export function siteAddress(sitesOrigin: string): SiteAddress {
  const base = new URL(sitesOrigin);
  const hostname: SiteAddress['hostname'] = (slug, environment = 'production') =>
    `${environment === 'production' ? slug : `${slug}-${environment}`}.${base.hostname}`;
  return {
    hostname,
    url: (slug, environment) =>
      `${base.protocol}//${hostname(slug, environment)}${base.port === '' ? '' : `:${base.port}`}/`,
  };
}
