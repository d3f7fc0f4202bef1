/** The look of the few pages that `api` shows itself. */
export const pageStyle = `
:root { color-scheme: light dark; --text: #1f2328; --quiet: #59636e; --line: #d1d9e0; --ground: #f6f8fa; --card: #fff; --go: #1a7f37; --stop: #cf222e; }
@media (prefers-color-scheme: dark) {
  :root { --text: #f0f6fc; --quiet: #9198a1; --line: #3d444d; --ground: #0d1117; --card: #151b23; --go: #238636; --stop: #f85149; }
}
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.5rem; background: var(--ground); color: var(--text);
  font: 16px/1.5 system-ui, sans-serif; }
main { width: min(30rem, 100%); padding: 2rem; border: 1px solid var(--line); border-radius: 12px; background: var(--card); }
a { color: inherit; }
h1 { margin: 0 0 .75rem; font-size: 1.35rem; line-height: 1.3; }
p { margin: 0 0 1rem; }
.quiet { color: var(--quiet); font-size: .875rem; }
.code { margin: 1rem 0; padding: .75rem; border-radius: 8px; background: var(--ground); text-align: center;
  font: 600 1.75rem/1.2 ui-monospace, monospace; letter-spacing: .1em; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; margin: 0 0 1rem; }
dt { color: var(--quiet); }
dd { margin: 0; overflow-wrap: anywhere; }
fieldset { margin: 0 0 1.25rem; padding: .75rem 1rem; border: 1px solid var(--line); border-radius: 8px; }
legend { padding: 0 .4rem; color: var(--quiet); font-size: .875rem; }
label { display: flex; gap: .6rem; align-items: baseline; font-size: .9375rem; }
input[type=text] { width: 100%; margin-bottom: 1rem; padding: .6rem; border: 1px solid var(--line); border-radius: 8px; background: var(--ground);
  color: inherit; font: 600 1.25rem ui-monospace, monospace; letter-spacing: .1em; text-align: center; text-transform: uppercase; }
.choice { display: flex; gap: .75rem; }
button, .button { flex: 1; display: block; padding: .6rem 1rem; border: 1px solid var(--line); border-radius: 8px; background: transparent;
  color: inherit; font: inherit; font-weight: 600; text-align: center; text-decoration: none; cursor: pointer; }
.go { background: var(--go); border-color: var(--go); color: #fff; }
.stop { color: var(--stop); }
`;
