import { createHash } from 'node:crypto';
import { openapiDocument } from '@miaobu/shared/contracts/openapi';
import { expect, test } from 'vitest';
import { fieldsOf, typeOf } from './describe-type.ts';
import { exampleCurl } from './example-curl.ts';
import { referencePolicy, renderReference } from './render-reference.ts';

const document = openapiDocument();
const page = await renderReference(document);

test('every operation has a section, and every link on the page has a target', () => {
  for (const methods of Object.values(document.paths)) {
    for (const { operationId } of Object.values(methods)) expect(page).toContain(`<article id="${operationId}">`);
  }
  const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
  expect(new Set(ids).size).toBe(ids.length);
  const targets = [...page.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id);
  expect(targets.filter((target) => !ids.includes(target))).toEqual([]);
});

test('the page has no script, loads nothing, and its policy allows only its one style', () => {
  expect(page).not.toMatch(/<script|\son\w+=|javascript:|style="|src=|@import|url\(/i);
  const [, style = ''] = /<style>([\s\S]*?)<\/style>/.exec(page) ?? [];
  const hash = createHash('sha256').update(style).digest('base64');
  expect(referencePolicy).toBe(
    `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  );
});

test('a description is shown as text, whatever it looks like', async () => {
  const info = { ...document.info, description: '<b onclick="x">`<i>`</b>' };
  const hostile = await renderReference({ ...document, info });
  expect(hostile).toContain('&lt;b onclick=&quot;x&quot;&gt;<code>&lt;i&gt;</code>&lt;/b&gt;');
});

test('a type is described in words', () => {
  expect(typeOf({ type: ['string', 'null'], format: 'date-time' })).toBe('time or null');
  expect(typeOf({ anyOf: [{ $ref: '#/components/schemas/Thing' }, { type: 'null' }] })).toBe('Thing or null');
  expect(typeOf({ type: 'array', items: { enum: ['a', 'b'] } })).toBe('list of one of a, b');
  expect(typeOf({ type: 'object', additionalProperties: { type: 'string' } })).toBe('object of string by name');
});

test('fields are listed with their full path, limits and default', () => {
  const rows = fieldsOf({
    type: 'object',
    properties: {
      files: { type: 'array', items: { type: 'object', properties: { path: { type: 'string', maxLength: 9 } } } },
      limit: { type: 'integer', minimum: 1, maximum: 100, default: 20 },
    },
    required: ['limit'],
  });
  expect(rows.map(({ name, required, limits }) => [name, required, limits])).toEqual([
    ['files', false, []],
    ['files[].path', false, ['at most 9 characters']],
    ['limit', true, ['1 to 100', 'default `20`']],
  ]);
});

test('an example can be pasted into a shell: quoting is safe', () => {
  const curl = exampleCurl('POST', '/api/v1/things/{project}', {
    operationId: 'doIt',
    tags: [],
    summary: '',
    security: [{ session: [] }],
    parameters: [{ name: 'project', in: 'path', required: true, schema: { type: 'string' } }],
    requestBody: { required: true, content: { 'application/json': { schema: {}, example: { it: "what's $HOME" } } } },
    responses: {},
  });
  expect(curl).toBe(
    [
      'curl -X POST "$MIAOBU_URL/api/v1/things/blog" \\',
      '  -H "Authorization: Bearer $MIAOBU_TOKEN" \\',
      "  -H 'Content-Type: application/json' \\",
      `  -d '{\n  "it": "what'\\''s $HOME"\n}'`,
    ].join('\n'),
  );
});
