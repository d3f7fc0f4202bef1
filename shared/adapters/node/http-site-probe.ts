import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { DEPLOYMENT_HEADER } from '../../contracts/edge-route.ts';
import type { SiteProbe } from '../../ports/site-probe.ts';

export interface HttpSiteProbeConfig {
  /** The origin that sites are subdomains of; sites share its scheme and port. */
  readonly sitesOrigin: string;
  /** Where to connect instead, with the hostname in `Host` (and in TLS), for networks in which the names do not resolve. */
  readonly probeOrigin?: string | undefined;
  /** Default 10 s. */
  readonly timeoutMs?: number;
}

const DEPLOYMENT_ID = /^dep_[0-9a-z]{26}$/;

/** `SiteProbe` by a GET of `/`. Follows no redirect and reads no body: a site's content is untrusted. */
export function httpSiteProbe(config: HttpSiteProbeConfig): SiteProbe {
  const sites = new URL(config.sitesOrigin);
  const { timeoutMs = 10_000 } = config;
  return {
    async deploymentAt(hostname) {
      const host = sites.port === '' ? hostname : `${hostname}:${sites.port}`;
      const target = new URL(config.probeOrigin ?? `${sites.protocol}//${host}`);
      const options = {
        headers: { host, 'user-agent': 'miaobu-probe', 'accept-encoding': 'identity' },
        servername: hostname,
        agent: false as const,
        signal: AbortSignal.timeout(timeoutMs),
      };
      const send = target.protocol === 'https:' ? httpsRequest : httpRequest;
      try {
        const response = await headOf(send(new URL('/', target), options));
        const shown = response.headers[DEPLOYMENT_HEADER];
        return typeof shown === 'string' && DEPLOYMENT_ID.test(shown) ? shown : undefined;
      } catch {
        return undefined;
      }
    },
  };
}

const headOf = (request: ClientRequest) =>
  new Promise<IncomingMessage>((resolve, reject) => {
    request.on('response', (response) => {
      resolve(response);
      response.on('error', () => {});
      response.destroy();
    });
    // Stays after the response: errors while its body is discarded do not matter.
    request.on('error', reject);
    request.end();
  });
