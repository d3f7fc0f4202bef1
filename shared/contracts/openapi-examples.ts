import { type IdKind, idPrefixes } from '../kernel/ids.ts';
import type { JsonSchema } from './openapi-shape.ts';

const ID = '01jh8zq4x3e8kvq5rv1m6t2n9d';
const TIME = '2026-02-03T04:05:06.000Z';
/** For expiry times: later than any reader's present. */
const LATER = '2099-01-01T00:00:00.000Z';

/** Recognisable examples, by field name, or by owner and field name. */
const byName: Readonly<Record<string, unknown>> = {
  slug: 'blog',
  name: 'blog',
  project: 'blog',
  repo: 'you/blog',
  repository: 'you/blog',
  full_name: 'you/blog',
  branch: 'main',
  environment: 'production',
  github_login: 'you',
  commit_sha: '4b825dc642cb6eb9a060e54bf8d69288fbee4904',
  commit_message: 'Say hello',
  commit_author: 'You',
  url: 'https://blog.example.com/',
  install_command: 'npm ci',
  build_command: 'npm run build',
  output_directory: 'dist',
  root_directory: '',
  start_command: null,
  runtime: null,
  node_version: '22',
  key: 'GREETING',
  value: 'hello',
  reason: 'No longer needed.',
  'Deployment.status': 'deployed',
  'Deployment.reason': null,
  'Deployment.reason_message': null,
  'Deployment.queue_position': null,
  request_id: '019c1f6e-2b7a-7c31-9d0e-5a4f8b6c7d21',
  text: 'added 42 packages in 3s',
  access_token: 'eyJhbGciOiJFZERTQSJ9.…',
  expires_in: 600,
  token: 'mb_live_…',
  prefix: 'mb_live_k3Xw',
  client_name: 'miaobu on laptop',
  device_code: 'Zk3v…',
  user_code: 'BCDF-GHJK',
  address: '203.0.113.7',
  user_agent: 'Mozilla/5.0',
  next_cursor: null,
  user: 'you',
  organisation: 'your-team',
  watch_path: 'site/**',
  content: 'GREETING=hello',
  topic: 'build.start',
  error_class: 'transient',
  error: 'code_host_unavailable',
  'Account.id': `usr_${ID}`,
  actor: `usr_${ID}`,
  action: 'project.updated',
  subject: `prj_${ID}`,
  by: 'deploy',
  note: null,
  path: `/api/v1/deploy-hooks/dhk_${ID}`,
  secret: 'Kb3v…',
  ticket: 'Zk3v…',
  message: 'Built on my machine',
  'DeploymentEvent.kind': 'moved',
  default_branch: 'main',
  framework: 'Vite',
  package_manager: 'npm',
  runtime_version: null,
  python_dependencies: null,
  problem: null,
  root_key: 'f2c1a09b',
};

const formats: Readonly<Record<string, string>> = {
  'date-time': TIME,
  date: TIME.slice(0, 10),
  uri: 'https://blog.example.com/',
  uuid: '019c1f6e-2b7a-7c31-9d0e-5a4f8b6c7d21',
  email: 'you@example.com',
  ipv4: '203.0.113.7',
};

const camel = (name: string) =>
  name.replace(/^[A-Z]/, (first) => first.toLowerCase()).replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

function idOf(kind: string): string | undefined {
  const known = camel(kind);
  return known in idPrefixes ? `${idPrefixes[known as IdKind]}_${ID}` : undefined;
}

function fits(value: unknown, schema: JsonSchema): boolean {
  if (schema.anyOf) return schema.anyOf.some((alternative) => fits(value, alternative));
  if (schema.enum) return schema.enum.includes(value);
  if (value === null) return schema.type === 'null' || (Array.isArray(schema.type) && schema.type.includes('null'));
  if (typeof value === 'number') return schema.type === 'integer' || schema.type === 'number';
  if (typeof value !== 'string') return false;
  const { type, format, pattern, minLength = 0, maxLength = Number.POSITIVE_INFINITY } = schema;
  const isString = type === 'string' || (Array.isArray(type) && type.includes('string'));
  const isUri = format !== 'uri' || URL.canParse(value);
  const isLong = value.length >= minLength && value.length <= maxLength;
  return (
    isString &&
    isUri &&
    isLong &&
    !/^(date|uuid|email|ip)/.test(format ?? '') &&
    new RegExp(pattern ?? '', 'u').test(value)
  );
}

/**
 * A realistic value of a schema. `of` is the field that it is for, `owner` what has the field: together they tell which kind of
 * id an id is.
 */
export function exampleOf(
  schema: JsonSchema,
  named: Readonly<Record<string, JsonSchema>>,
  { of = '', owner = '' }: { readonly of?: string; readonly owner?: string } = {},
): unknown {
  if (schema.$ref !== undefined) {
    const name = schema.$ref.slice(schema.$ref.lastIndexOf('/') + 1);
    return exampleOf(named[name] ?? {}, named, { of, owner: name });
  }
  if (schema.examples) return schema.examples[0];
  if (schema.const !== undefined) return schema.const;
  if (schema.default !== undefined) return schema.default;
  const id = of === 'id' ? idOf(owner) : idOf(of.replace(/_id$/, '').replace(/^(?:current|.*_by)_/, ''));
  for (const known of [byName[`${owner}.${of}`], byName[of], id]) if (fits(known, schema)) return known;
  if (schema.enum) return schema.enum[0];
  const [alternative] = schema.anyOf ?? schema.oneOf ?? [];
  if (alternative) return exampleOf(alternative, named, { of, owner });
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  switch (type) {
    case 'object':
      return Object.fromEntries(
        Object.entries(schema.properties ?? {}).map(([name, field]) => [
          name,
          exampleOf(field, named, { of: name, owner }),
        ]),
      );
    case 'array':
      return schema.items ? [exampleOf(schema.items, named, { of: of.replace(/s$/, ''), owner })] : [];
    case 'string':
      if (schema.format === 'date-time' && of.startsWith('expires')) return LATER;
      return formats[schema.format ?? ''] ?? 'text'.padEnd(schema.minLength ?? 0, ' text');
    case 'integer':
    case 'number':
      return schema.minimum ?? (schema.exclusiveMinimum === undefined ? 1 : schema.exclusiveMinimum + 1);
    case 'boolean':
      return true;
    default:
      return null;
  }
}
