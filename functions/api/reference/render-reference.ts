import { createHash } from 'node:crypto';
import { errors } from '@miaobu/shared/contracts/errors';
import type { OpenapiDocument, OperationShape } from '@miaobu/shared/contracts/openapi-shape';
import { html, raw } from 'hono/html';
import { fieldsOf } from './describe-type.ts';
import { referenceStyle } from './reference-style.ts';
import { prose, renderFields, renderOperation } from './render-operation.ts';

interface Listed {
  readonly method: string;
  readonly path: string;
  readonly operation: OperationShape;
}

/** Allows the page its own style sheet, and nothing else. */
export const referencePolicy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(referenceStyle).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const isCode = (code: unknown): code is keyof typeof errors => typeof code === 'string' && code in errors;

/** Every error code in the document, with its status and text. */
function errorRows(document: OpenapiDocument) {
  const codes = new Set(
    [...JSON.stringify(document).matchAll(/"code":\{"enum":(\[[^\]]*\])/g)].flatMap(([, list]) =>
      JSON.parse(list ?? '[]'),
    ),
  );
  return [...codes]
    .filter(isCode)
    .map((code) => ({ code, ...errors[code] }))
    .sort((a, b) => a.status - b.status || (a.code < b.code ? -1 : 1));
}

/** The OpenAPI document as a single readable page: in chapters, without a script, light and dark, printable. */
export async function renderReference(document: OpenapiDocument): Promise<string> {
  const all: Listed[] = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method, path, operation })),
  );
  const chapters = document.tags.map((tag) => ({
    ...tag,
    listed: all.filter(({ operation }) => operation.tags.includes(tag.name)),
  }));
  const { securitySchemes, schemas } = document.components;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${document.info.title} API reference</title>
<style>${raw(referenceStyle)}</style>
</head>
<body>
<div class="page">
<details class="contents"><summary>Contents</summary><nav>
<b><a href="#top">Overview</a></b>
${chapters.map(
  ({ name, listed }) => html`<b><a href="#chapter-${name}">${name}</a></b><ul>
${listed.map(({ operation }) => html`<li><a href="#${operation.operationId}">${operation.operationId}</a></li>`)}</ul>`,
)}
<b><a href="#objects">Objects</a></b><b><a href="#errors">Errors</a></b>
</nav></details>
<main id="top">
<h1>${document.info.title} API reference</h1>
${document.info.description.split('\n\n').map((each) => html`<p>${prose(each)}</p>`)}
<p>For programs: <a href="/api/v1/openapi.json">openapi.json</a>, OpenAPI ${document.openapi}. In the examples
<code>$MIAOBU_URL</code> is the origin of this page, and <code>$MIAOBU_TOKEN</code> an API token or an access token.</p>
<h4>Credentials</h4>
<dl>${Object.entries(securitySchemes).map(([name, { description = '' }]) => html`<div class="field"><dt><code>${name}</code></dt><dd>${prose(description)}</dd></div>`)}</dl>
${chapters.map(
  ({ name, description, listed }) => html`<section><h2 id="chapter-${name}">${name}</h2><p>${prose(description)}</p>
${listed.map(({ method, path, operation }) => renderOperation(document, method, path, operation))}</section>
`,
)}
<section><h2 id="objects">Objects</h2>
${Object.entries(schemas).map(([name, schema]) => html`<article id="${name}"><h3>${name}</h3>${schema.description === undefined ? '' : html`<p>${prose(schema.description)}</p>`}${renderFields(fieldsOf(schema), false)}</article>`)}</section>
<section><h2 id="errors">Errors</h2><dl>
${errorRows(document).map(({ code, status, text, retryable }) => html`<div class="field" id="error-${code}"><dt>${status} <code>${code}</code></dt><dd>${text}${retryable ? html` <span class="soft">Retrying may help.</span>` : ''}</dd></div>`)}</dl></section>
</main>
</div>
</body>
</html>
`;
  return String(await page);
}
