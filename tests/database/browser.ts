import type { apiUnderTest } from './api-under-test.ts';
import { ORIGIN } from './api-under-test.ts';

export const BROWSER_ADDRESS = '203.0.113.9';

export interface Browser {
  readonly cookies: Map<string, string>;
  /** One request to the platform, with the cookies; what it sets is kept. */
  ask(path: string, init?: RequestInit): Promise<Response>;
  /** What a script on our own page does to get an access token. */
  refresh(): Promise<Response>;
  /** The same, for the token itself. */
  accessToken(): Promise<string>;
  /** Goes through a whole sign-in at the local GitHub, as this user; the answer is the last one, of the platform. */
  signIn(login: string, next?: string): Promise<Response>;
  /** The same up to where GitHub sends the browser back: that address. */
  consent(login: string, next?: string): Promise<URL>;
}

/** The platform as a browser reaches it. */
interface Reached {
  readonly origin: string;
  fetch(url: string, init: RequestInit): Promise<Response>;
}

/** A user's browser, at a listening platform. */
export const openBrowserAt = (origin: string): Browser =>
  browserOf({ origin, fetch: (url, init) => fetch(url, { ...init, redirect: 'manual' }) });

/** A user's browser, at an API under test. */
export const openBrowser = ({ app }: Pick<ReturnType<typeof apiUnderTest>, 'app'>): Browser =>
  browserOf({ origin: ORIGIN, fetch: async (url, init) => app.request(url, init) });

/** What a browser remembers, and where it goes. */
function browserOf({ origin, fetch: reach }: Reached): Browser {
  const cookies = new Map<string, string>();

  const ask: Browser['ask'] = async (path, init = {}) => {
    const headers = new Headers(init.headers);
    headers.set('user-agent', 'A browser of a test');
    headers.set('x-fc-client-ip', BROWSER_ADDRESS);
    if (cookies.size > 0) headers.set('cookie', [...cookies].map(([name, value]) => `${name}=${value}`).join('; '));
    const response = await reach(`${origin}${path}`, { ...init, headers });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (/max-age=0/i.test(line)) cookies.delete(name);
      else cookies.set(name, value);
    }
    return response;
  };

  const refresh = () =>
    ask('/api/v1/auth/refresh', {
      method: 'POST',
      body: '{}',
      headers: { origin, 'content-type': 'application/json' },
    });

  const consent: Browser['consent'] = async (login, next) => {
    const start = await ask(`/api/v1/auth/github${next === undefined ? '' : `?${new URLSearchParams({ next })}`}`);
    const authorize = new URL(start.headers.get('location') ?? '');
    // The page's form returns what the address asked for, and the pressed button.
    const form = new URLSearchParams(authorize.searchParams);
    form.set('login', login);
    const chosen = await fetch(authorize, { method: 'POST', body: form, redirect: 'manual' });
    return new URL(chosen.headers.get('location') ?? '');
  };

  return {
    cookies,
    ask,
    refresh,
    async accessToken() {
      const response = await refresh();
      const body = (await response.json()) as { data?: { access_token: string } };
      if (!body.data) throw new Error(`no access token: ${response.status} ${JSON.stringify(body)}`);
      return body.data.access_token;
    },
    consent,
    async signIn(login, next) {
      const back = await consent(login, next);
      return ask(`${back.pathname}${back.search}`, { headers: { accept: 'text/html' } });
    },
  };
}
