import { finishGithubLogin, REFRESH_COOKIE, startGithubLogin } from '@miaobu/shared/contracts/auth';
import { errors } from '@miaobu/shared/contracts/errors';
import { type Scope, scopes } from '@miaobu/shared/contracts/scopes';
import { AppError, type ErrorCode } from '@miaobu/shared/kernel/app-error';
import { randomToken } from '@miaobu/shared/kernel/ids';
import { readUserCode, showUserCode } from '@miaobu/shared/kernel/user-code';
import type { DeviceLogin } from '@miaobu/shared/model/account/device-login-repository';
import type { Store } from '@miaobu/shared/model/repositories';
import { readBytes, type WebApp, type WebEnvironment } from '@miaobu/shared/runtime/web-function';
import type { Context as HonoContext } from 'hono';
import { getCookie } from 'hono/cookie';
import { html } from 'hono/html';
import { type answerDeviceLogin, findDeviceLogin } from './auth/device-login.ts';
import { assertOwnOrigin } from './auth/own-origin.ts';
import { pageStyle } from './auth/page-style.ts';
import { scopeWords } from './auth/scope-words.ts';
import type { sessionByCookie } from './auth/session-by-cookie.ts';
import { DEVICE_PATH } from './auth/start-device-login.ts';
import type { limit } from './onion/limit.ts';
import type { Actor } from './operation.ts';
import { MAX_TOKENS } from './tokens/require-token-room.ts';

export interface Deps {
  readonly store: Pick<Store, 'deviceLogins'>;
  readonly sessionByCookie: ReturnType<typeof sessionByCookie>;
  readonly answerDeviceLogin: ReturnType<typeof answerDeviceLogin>;
  readonly limit: Pick<ReturnType<typeof limit>, 'admit'>;
  readonly controlOrigin: string;
}

type Content = ReturnType<typeof html>;
type WebContext = HonoContext<WebEnvironment>;

const FORM_LIMIT_BYTES = 16 * 1024;

/** One of our pages: no script, one style with a nonce, never framed, and with forms that post only to us. */
function page(c: WebContext, status: 200 | 400 | 403 | 404 | 502 | 503, title: string, content: Content) {
  const nonce = randomToken(16);
  c.header(
    'content-security-policy',
    `default-src 'none'; style-src 'nonce-${nonce}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
  );
  c.header('cross-origin-opener-policy', 'same-origin');
  // Without a referrer browsers would send `Origin: null` with our own forms; other sites' pages learn nothing either way.
  c.header('referrer-policy', 'same-origin');
  return c.html(
    html`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · Miaobu</title>
<style nonce="${nonce}">${pageStyle}</style>
<main>
<h1>${title}</h1>
${content}
</main>
</html>`,
    status,
  );
}

const signInPath = (next: string) => `${startGithubLogin.path}?${new URLSearchParams({ next })}`;

function welcome(c: WebContext, actor: Actor | undefined) {
  const who = actor
    ? html`<p>You are signed in as ${actor.user.githubLogin}.</p>
<p class="choice"><a class="button" href="${DEVICE_PATH}">Authorize a device or CLI</a></p>`
    : html`<p>You are not signed in.</p>
<p class="choice"><a class="button go" href="${signInPath('/')}">Sign in with GitHub</a></p>`;
  return page(
    c,
    200,
    'Miaobu 秒部',
    html`${who}
<p class="quiet">Everything here is also in the API: <a href="/api/v1/reference">API reference</a>.</p>`,
  );
}

function askForSession(c: WebContext, userCode: string | undefined) {
  const next = userCode === undefined ? DEVICE_PATH : `${DEVICE_PATH}?user_code=${showUserCode(userCode)}`;
  return page(
    c,
    200,
    'Sign in to authorize a device or CLI',
    html`<p>A device or CLI asks for access to your account. Sign in to see what it asks for.</p>
<p class="choice"><a class="button go" href="${signInPath(next)}">Sign in with GitHub</a></p>`,
  );
}

function askForCode(c: WebContext, { user }: Actor, problem?: string) {
  return page(
    c,
    problem === undefined ? 200 : 404,
    'Authorize a device or CLI',
    html`<p>${problem ?? 'Enter the code that it shows.'}</p>
<form method="get" action="${DEVICE_PATH}">
<input type="text" name="user_code" aria-label="Code" placeholder="XXXX-XXXX" autocomplete="off" autofocus required maxlength="20">
<p class="choice"><button class="go">Continue</button></p>
</form>
<p class="quiet">You are signed in as ${user.githubLogin}.</p>`,
  );
}

function askForApproval(c: WebContext, { user }: Actor, login: DeviceLogin, problem?: string) {
  const offered = scopes.filter((scope) => user.isAdmin || !scope.startsWith('platform:'));
  const boxes = offered.map(
    (
      scope,
    ) => html`<label><input type="checkbox" name="scope" value="${scope}" ${login.scopes.includes(scope) ? 'checked' : ''}> ${scopeWords[scope]}</label>
`,
  );
  return page(
    c,
    problem === undefined ? 200 : 403,
    `Authorize “${login.clientName}”?`,
    html`${problem === undefined ? '' : html`<p>${problem}</p>`}
<p>Approve only if your device or CLI shows the same code. If it shows another, or you did not start a login, deny: somebody else is asking.</p>
<p class="code">${showUserCode(login.userCode)}</p>
<dl>
<dt>Name</dt><dd>${login.clientName}</dd>
<dt>Asking from</dt><dd>${login.address === '' ? 'an unknown address' : login.address}</dd>
<dt>Account</dt><dd>${user.githubLogin}</dd>
</dl>
<form method="post" action="${DEVICE_PATH}">
<input type="hidden" name="user_code" value="${login.userCode}">
<fieldset><legend>It will be able to</legend>
${boxes}</fieldset>
<p class="choice"><button class="go" name="decision" value="approve">Approve</button> <button class="stop" name="decision" value="deny">Deny</button></p>
</form>
<p class="quiet">If you approve, it gets an API token of yours. You can revoke the token at any time.</p>`,
  );
}

function sayDecided(c: WebContext, login: DeviceLogin, approved: boolean) {
  const words = approved
    ? 'It continues within a few seconds. You can close this page.'
    : 'It got no access. You can close this page.';
  const title = approved ? `“${login.clientName}” is authorized` : `“${login.clientName}” was denied`;
  return page(c, 200, title, html`<p>${words}</p>`);
}

/** The pages that `api` renders: the home page, the page for approving a device login, and why a sign-in failed. */
export function pageRoutes(app: WebApp, deps: Deps): void {
  const actorOf = (c: WebContext) => deps.sessionByCookie(getCookie(c, REFRESH_COOKIE));
  const NOBODY_WAITS = 'No login is waiting with this code. It may have expired: enter the code that is shown now.';
  const NO_ROOM = `You have ${MAX_TOKENS} API tokens, as many as an account may have. Revoke one, then approve again.`;

  const find = (typed: string) =>
    findDeviceLogin(deps.store, typed).catch((error: unknown) => {
      if (error instanceof AppError && error.code === 'not_found') return undefined;
      throw error;
    });

  app.get('/', async (c) => welcome(c, await actorOf(c)));

  // Codes are short, so guesses are rate limited.
  app.use(DEVICE_PATH, async (c, next) => {
    const { address } = c.get('context');
    const asked = { cost: 'auth', address, authorization: undefined } as const;
    await deps.limit.admit(asked, (name, value) => c.header(name, value));
    await next();
  });

  app.get(DEVICE_PATH, async (c) => {
    const typed = c.req.query('user_code');
    const actor = await actorOf(c);
    if (!actor) return askForSession(c, readUserCode(typed ?? ''));
    if (typed === undefined) return askForCode(c, actor);
    const login = await find(typed);
    return login ? askForApproval(c, actor, login) : askForCode(c, actor, NOBODY_WAITS);
  });

  app.post(DEVICE_PATH, async (c) => {
    assertOwnOrigin(c.req.header('origin'), [deps.controlOrigin]);
    const form = new URLSearchParams((await readBytes(c.req.raw, FORM_LIMIT_BYTES)).toString());
    const userCode = form.get('user_code') ?? '';
    const actor = await actorOf(c);
    if (!actor) return askForSession(c, readUserCode(userCode));
    const decision = form.get('decision');
    if (decision !== 'approve' && decision !== 'deny') throw new AppError('invalid_request');
    const chosen = scopes.filter((scope: Scope) => form.getAll('scope').includes(scope));
    // Approving nothing is denying.
    const approved = decision === 'approve' && chosen.length > 0;
    const login = await find(userCode);
    if (!login) return askForCode(c, actor, NOBODY_WAITS);
    try {
      await deps.answerDeviceLogin({ userCode, scopes: approved ? chosen : undefined }, actor.user, c.get('context'));
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'limit_reached') throw error;
      return askForApproval(c, actor, login, NO_ROOM);
    }
    return sayDecided(c, login, approved);
  });

  // Only browsers come here: errors are shown in words, with the same status.
  app.use(finishGithubLogin.path, async (c, next) => {
    await next();
    if (!c.req.header('accept')?.includes('text/html') || !(c.error instanceof AppError)) return;
    const { code } = c.error;
    const status = signInStatus(code);
    if (status === undefined) return;
    const requestId = c.get('context').requestId;
    c.res = await page(
      c,
      status,
      'Sign-in failed',
      html`<p>${errors[code].text}</p>
<p class="choice"><a class="button" href="${signInPath('/')}">Try again</a></p>
<p class="quiet">Request ${requestId}</p>`,
    );
  });
}

/** The status of a sign-in error that is explained on a page. */
function signInStatus(code: ErrorCode): 400 | 403 | 502 | 503 | undefined {
  const { status } = errors[code];
  return status === 400 || status === 403 || status === 502 || status === 503 ? status : undefined;
}
