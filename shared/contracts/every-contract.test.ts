import { expect, test } from 'vitest';
import * as z from 'zod';
import { api } from './api.ts';
import type { Endpoint } from './endpoint.ts';

const contracts = Object.entries<Endpoint>(api);

/** Objects in a schema that take, or let out, fields they do not name, by where they are. */
function openObjects(schema: z.ZodType, io: 'input' | 'output'): string[] {
  const found: string[] = [];
  const visit = (node: unknown, path: string) => {
    if (typeof node !== 'object' || node === null) return;
    const { type, properties, additionalProperties, propertyNames } = node as Record<string, unknown>;
    // A record names what its keys and values look like.
    const isRecord =
      propertyNames !== undefined || (typeof additionalProperties === 'object' && properties === undefined);
    if (type === 'object' && additionalProperties !== false && !isRecord) found.push(path || '(itself)');
    for (const [key, value] of Object.entries(node)) visit(value, `${path}/${key}`);
  };
  visit(z.toJSONSchema(schema, { io, unrepresentable: 'any' }), '');
  return found;
}

test.each(contracts)('%s refuses unknown fields in params, query and body, at any depth', (id, contract) => {
  // What GitHub sends a browser back with is GitHub's to extend.
  const parts = id === 'finishGithubLogin' ? (['params', 'body'] as const) : (['params', 'query', 'body'] as const);
  const open = parts.flatMap((part) =>
    contract[part] === null ? [] : openObjects(contract[part], 'input').map((path) => `${part} ${path}`),
  );
  expect(open).toEqual([]);
});

const FORBIDDEN = {
  user_id: 1,
  status: 'deployed',
  is_admin: true,
  webhook_secret: 'x',
  fc_endpoint: 'https://evil.example',
  oss_path: '../',
  active_deployment_id: 'dep_1',
  current_deployment_id: 'dep_1',
};

test.each(contracts.filter(([, { body }]) => body !== null))(
  '%s accepts none of the fields that only the platform sets',
  (_, { body }) => {
    if (body === null) return;
    for (const [field, value] of Object.entries(FORBIDDEN)) {
      const { success, error } = body.safeParse({ [field]: value });
      expect(success, field).toBe(false);
      const named = error?.issues.flatMap((issue) => (issue.code === 'unrecognized_keys' ? issue.keys : []));
      expect(named, field).toContain(field);
    }
  },
);

test.each(contracts)('%s returns only fields of its contract', (_, { output }) => {
  expect(openObjects(output, 'output')).toEqual([]);
});

test.each(contracts)('%s returns no hash, no sealed value and no internal id', (_, { output }) => {
  const names = [...JSON.stringify(z.toJSONSchema(output, { unrepresentable: 'any' })).matchAll(/"([a-z0-9_]+)":/g)];
  const inner = names
    .map(([, name = '']) => name)
    .filter((name) => /(_hash|_sha256|_sealed|ciphertext)$|^(user_id)$/.test(name));
  expect(inner).toEqual([]);
});

test('no two operations share a method and a path, aliases included', () => {
  const lines = contracts.flatMap(([, { method, path, aliases = [] }]) =>
    [path, ...aliases].map((each) => `${method} ${each.replace(/\{\w+\}/g, '{}')}`),
  );
  expect(lines.filter((line, index) => lines.indexOf(line) !== index)).toEqual([]);
});

test.each(contracts)('%s has exactly the parameters of its path and of its aliases', (_, { path, params, aliases }) => {
  const inPath = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();
  const { properties = {} } = z.toJSONSchema(params, { io: 'input', unrepresentable: 'any' });
  for (const each of [path, ...(aliases ?? [])]) expect(inPath(each)).toEqual(Object.keys(properties).sort());
});

test.each(contracts)(
  '%s requires If-Match only if it is declared and the resource has an ETag',
  (_, { headers, requiresIfMatch }) => {
    const { properties = {} } = headers ? z.toJSONSchema(headers, { io: 'input', unrepresentable: 'any' }) : {};
    if (requiresIfMatch) expect(Object.keys(properties)).toContain('if-match');
  },
);

test('all public paths of the first Miaobu are served, except those of custom domains', () => {
  const known = [
    'GET /user',
    'POST /projects',
    'GET /projects',
    'GET /projects/{}',
    'GET /projects/slug/{}',
    'PATCH /projects/{}',
    'DELETE /projects/{}',
    'GET /projects/{}/deployments',
    'POST /projects/{}/deployments',
    'GET /projects/{}/deployments/{}',
    'GET /projects/{}/deployments/{}/logs',
    'POST /projects/{}/deployments/{}/cancel',
    'POST /projects/{}/deployments/{}/rollback',
    'GET /projects/{}/env-vars',
    'POST /projects/{}/env-vars',
    'DELETE /projects/{}/env-vars/{}',
  ];
  const served = contracts.flatMap(([, { method, aliases = [] }]) =>
    aliases.map((path) => `${method} ${path.replace('/api/v1/public', '').replace(/\{\w+\}/g, '{}')}`),
  );
  expect(served.toSorted()).toEqual(known.toSorted());
});
