import type { GithubUser } from './github-users.ts';
import type { OauthApplication } from './oauth-grants.ts';

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escapeHtml = (text: string) => text.replace(/[&<>"']/g, (character) => escapes[character] ?? character);

const STYLE = `
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
  body { margin: 0; min-height: 100vh; display: grid; place-items: center; }
  main { width: min(24rem, 90vw); padding: 2rem; border: 1px solid color-mix(in srgb, currentColor 20%, transparent); border-radius: 12px; }
  h1 { font-size: 1.2rem; margin: 0 0 .5rem; }
  p { margin: 0 0 1rem; opacity: .8; }
  button { display: block; width: 100%; margin-top: .5rem; padding: .6rem 1rem; font: inherit; border-radius: 8px; cursor: pointer;
    border: 1px solid color-mix(in srgb, currentColor 30%, transparent); background: transparent; color: inherit; text-align: left; }
  button[name=login] { background: #1f883d; border-color: #1f883d; color: #fff; }
`;

/** Where the real GitHub would ask you to sign in and authorize the application, here you choose who you are. */
export function oauthConsentPage(
  application: OauthApplication,
  scope: string,
  users: readonly GithubUser[],
  asked: ReadonlyMap<string, string>,
): string {
  const hidden = [...asked].map(
    ([name, value]) => `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`,
  );
  const choices = users.map(
    ({ login }) =>
      `<button name="login" value="${escapeHtml(login)}">Authorize as <b>${escapeHtml(login)}</b></button>`,
  );
  const wants = scope === '' ? 'to know who you are' : `the scopes <b>${escapeHtml(scope)}</b>`;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Authorize ${escapeHtml(application.name)}</title>
<style>${STYLE}</style>
<main>
  <h1>Authorize ${escapeHtml(application.name)}</h1>
  <p>The GitHub of this machine has no passwords. ${escapeHtml(application.name)} asks for ${wants}.</p>
  <form method="post">
    ${hidden.join('\n    ')}
    ${choices.join('\n    ')}
    <button name="cancel" value="1">Cancel</button>
  </form>
</main>
`;
}
