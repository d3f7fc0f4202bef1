/** The only style sheet of the reference page, inline: the page's policy allows nothing but its hash. */
export const referenceStyle = `
:root { color-scheme: light dark; --ink: #1c2024; --soft: #5b6470; --line: #dfe3e8; --paper: #fff; --shade: #f6f7f9; --link: #0b57d0;
  --get: #0b6b3a; --post: #0b57d0; --put: #8a4b00; --patch: #8a4b00; --delete: #b3261e; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e7eb; --soft: #9aa4b0; --line: #30363d; --paper: #0f1216; --shade: #181c22; --link: #8ab4f8;
    --get: #6dd49b; --post: #8ab4f8; --put: #f0b266; --patch: #f0b266; --delete: #f2988f; }
}
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body { margin: 0; color: var(--ink); background: var(--paper); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "PingFang SC", "Noto Sans CJK SC", sans-serif; }
a { color: var(--link); text-decoration: none; }
a:hover, a:focus-visible { text-decoration: underline; }
code, pre, .path { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "Noto Sans Mono", monospace; font-size: .875em; }
code { overflow-wrap: anywhere; }
pre { margin: .35rem 0 0; padding: .8rem 1rem; overflow-x: auto; background: var(--shade); border: 1px solid var(--line); border-radius: 8px; line-height: 1.45; }
h1 { margin: 0 0 .5rem; font-size: 1.9rem; line-height: 1.2; }
h2 { margin: 3.5rem 0 .25rem; padding-top: 1rem; font-size: 1.45rem; border-top: 1px solid var(--line); }
h3 { margin: 0; font-size: 1.05rem; line-height: 1.4; overflow-wrap: anywhere; }
h4 { margin: 1.1rem 0 .2rem; font-size: .8rem; color: var(--soft); font-weight: 600; letter-spacing: .02em; }
p { margin: .4rem 0; max-width: 46rem; }
.page { display: grid; grid-template-columns: 17rem minmax(0, 1fr); max-width: 84rem; margin: 0 auto; }
.contents { position: sticky; top: 0; align-self: start; height: 100vh; overflow-y: auto; padding: 1.5rem 1rem 2rem 1.25rem; border-right: 1px solid var(--line); font-size: .875rem; }
.contents summary { cursor: pointer; font-weight: 600; }
@media (min-width: 60rem), print {
  @supports selector(::details-content) { .contents summary { display: none; } .contents::details-content { content-visibility: visible; block-size: auto; } }
}
.contents b { display: block; margin: 1rem 0 .2rem; }
.contents ul { margin: 0; padding: 0; list-style: none; }
.contents li a { display: block; padding: .1rem 0; overflow-wrap: anywhere; }
main { padding: 2.5rem clamp(1rem, 4vw, 3rem) 6rem; min-width: 0; }
article { margin: 2.2rem 0 0; padding-top: 1.4rem; }
article + article { border-top: 1px dashed var(--line); }
.method { display: inline-block; min-width: 3.6rem; font-size: .75rem; font-weight: 700; letter-spacing: .04em; }
.get { color: var(--get); } .post { color: var(--post); } .put { color: var(--put); } .patch { color: var(--patch); } .delete { color: var(--delete); }
h3 a { color: inherit; }
.soft { color: var(--soft); }
.gone { color: var(--delete); font-weight: 600; }
.sides { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: 0 1.5rem; }
.sides > div { min-width: 0; }
dl { margin: .2rem 0 0; border-top: 1px solid var(--line); }
.field { display: grid; grid-template-columns: minmax(9rem, 14rem) minmax(0, 1fr); gap: 0 1rem; padding: .35rem 0; border-bottom: 1px solid var(--line); font-size: .9rem; }
dt, dd { margin: 0; }
dt { overflow-wrap: anywhere; }
.must { color: var(--delete); font-size: .75rem; }
.codes { margin: .2rem 0 0; padding: 0; list-style: none; display: flex; flex-wrap: wrap; gap: .15rem 1rem; font-size: .9rem; }
@media (max-width: 59.99rem) {
  .page { display: block; }
  .contents { position: static; height: auto; border-right: 0; border-bottom: 1px solid var(--line); padding: .9rem 1rem; }
  .contents li a { padding: .3rem 0; }
  .contents ul { columns: 2 11rem; }
}
@media (max-width: 34rem) { .field { grid-template-columns: 1fr; } }
@media print {
  :root { color-scheme: light; --ink: #000; --soft: #444; --line: #bbb; --paper: #fff; --shade: #fff; --link: #000; --get: #000; --post: #000; --put: #000; --patch: #000; --delete: #000; }
  body { font-size: 10pt; }
  .page { display: block; } .contents { display: none; }
  main { padding: 0; } pre { white-space: pre-wrap; overflow-wrap: anywhere; }
  h2, h3, h4 { break-after: avoid; } .field, pre { break-inside: avoid; }
}
`;
