import type { IncomingMessage, ServerResponse } from 'node:http';
import { readBody } from '../wire/emulator.ts';
import type { GithubUsers } from './github-users.ts';
import { oauthConsentPage } from './oauth-consent-page.ts';
import type { OauthApplication, OauthGrants } from './oauth-grants.ts';

const BODY_LIMIT_BYTES = 64 * 1024;
/** The parts of the authorization request that the form has to return. */
const ASKED = ['client_id', 'redirect_uri', 'state', 'scope', 'code_challenge', 'code_challenge_method'];
const DOCUMENTATION =
  'https://docs.github.com/apps/managing-oauth-apps/troubleshooting-oauth-app-access-token-request-errors';

interface Dependencies {
  readonly applications: readonly OauthApplication[];
  readonly grants: OauthGrants;
  readonly users: GithubUsers;
}

/**
 * GitHub's web flow ("Authorizing OAuth apps"): `/login/oauth/authorize` with a page to consent on, `/login/oauth/access_token`, and
 * `DELETE /applications/{client_id}/token` of the REST API, which is the application's and not a user's. `door` is one of these.
 */
export function oauthWebFlow({ applications, grants, users }: Dependencies) {
  const find = (clientId: string | null) => applications.find((application) => application.clientId === clientId);

  const authorize = async (request: IncomingMessage, response: ServerResponse) => {
    const isAnswer = request.method === 'POST';
    const query = new URL(request.url ?? '/', 'http://local').searchParams;
    const form = isAnswer ? new URLSearchParams((await readBody(request, BODY_LIMIT_BYTES)).toString()) : query;
    const application = find(form.get('client_id'));
    if (!application) return text(response, 404, 'There is no such application.\n');
    const registered = application.callbackUrl();
    const redirectUri = form.get('redirect_uri') ?? registered;
    const state = form.get('state');
    const sendBack = (to: string, answer: Record<string, string>) => {
      const target = new URL(to);
      for (const [name, value] of Object.entries(answer)) target.searchParams.set(name, value);
      if (state !== null) target.searchParams.set('state', state);
      response.writeHead(302, { location: target.href, 'cache-control': 'no-store' }).end();
    };
    // A wrong address is reported to the registered one, and never gets a code.
    if (!isBelow(redirectUri, registered)) return sendBack(registered, { error: 'redirect_uri_mismatch' });
    const challenge = form.get('code_challenge') ?? undefined;
    if (challenge !== undefined && form.get('code_challenge_method') !== 'S256') {
      return sendBack(redirectUri, { error: 'invalid_request', error_description: 'use code_challenge_method=S256' });
    }
    const isGithubApp = application.clientId.startsWith('Iv');
    const scope = isGithubApp ? '' : (form.get('scope') ?? '').split(/[ ,]+/).filter(Boolean).join(',');
    if (!isAnswer) {
      const asked = new Map(ASKED.flatMap((name) => (form.has(name) ? [[name, form.get(name) ?? '']] : [])));
      const page = oauthConsentPage(application, scope, users.all(), asked);
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' }).end(page);
      return;
    }
    const user = users.withLogin(form.get('login') ?? '');
    if (!user) {
      const why = 'The user has denied your application access.';
      return sendBack(redirectUri, { error: 'access_denied', error_description: why });
    }
    const code = grants.consent({ clientId: application.clientId, login: user.login, redirectUri, challenge, scope });
    sendBack(redirectUri, { code });
  };

  const exchange = async (request: IncomingMessage, response: ServerResponse) => {
    const asked = await readFields(request);
    const refuse = (error: string, description: string) =>
      json(response, 200, { error, error_description: description, error_uri: DOCUMENTATION });
    const application = find(asked.get('client_id') ?? null);
    if (!application || asked.get('client_secret') !== application.clientSecret) {
      return refuse('incorrect_client_credentials', 'The client_id and/or client_secret passed are incorrect.');
    }
    const { clientId } = application;
    if (asked.get('grant_type') === 'refresh_token') {
      const next = grants.refresh(clientId, asked.get('refresh_token') ?? '');
      if (next) return json(response, 200, next);
      return refuse('bad_refresh_token', 'The refresh token passed is incorrect or expired.');
    }
    const issued = grants.exchange({
      clientId,
      code: asked.get('code') ?? '',
      redirectUri: asked.get('redirect_uri'),
      verifier: asked.get('code_verifier'),
    });
    if (!issued) return refuse('bad_verification_code', 'The code passed is incorrect or expired.');
    json(response, 200, issued);
  };

  const revoke = async (request: IncomingMessage, response: ServerResponse, clientId: string) => {
    const application = find(clientId);
    const credentials = `${application?.clientId}:${application?.clientSecret}`;
    const expected = `Basic ${Buffer.from(credentials).toString('base64')}`;
    if (!application || request.headers.authorization !== expected) {
      return json(response, 401, { message: 'Requires authentication', status: '401' });
    }
    const token = (await readFields(request)).get('access_token') ?? '';
    if (grants.revoke(clientId, token)) response.writeHead(204).end();
    else json(response, 404, { message: 'Not Found', status: '404' });
  };

  return { authorize, exchange, revoke };
}

/** GitHub's rule: the same host and port, and a path at or below the registered one. */
function isBelow(address: string, registered: string): boolean {
  if (!URL.canParse(address)) return false;
  const [given, known] = [new URL(address), new URL(registered)];
  return given.origin === known.origin && `${given.pathname}/`.startsWith(`${known.pathname.replace(/\/$/, '')}/`);
}

/** Fields of a body that is a form or JSON: GitHub takes both. */
async function readFields(request: IncomingMessage): Promise<Map<string, string>> {
  const body = (await readBody(request, BODY_LIMIT_BYTES)).toString();
  if (!request.headers['content-type']?.includes('json')) return new Map(new URLSearchParams(body));
  try {
    const fields = JSON.parse(body) as Record<string, unknown>;
    return new Map(Object.entries(fields).map(([name, value]) => [name, String(value)]));
  } catch {
    return new Map();
  }
}

function json(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' });
  response.end(JSON.stringify(value));
}

function text(response: ServerResponse, status: number, words: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(words);
}
