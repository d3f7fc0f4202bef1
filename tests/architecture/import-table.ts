/** A folder (ending in a slash) or a file; with `types`, only its types may be taken. */
type Allowed = string | { readonly types: string };

interface Row {
  /** Files whose path begins with this, or matches it. The first matching row applies to a file. */
  readonly from: string | RegExp;
  readonly may: readonly Allowed[] | 'anything';
  /** Prefixes of the packages it may import; if absent, any. */
  readonly packages?: readonly string[];
}

const ofUseCases: readonly Allowed[] = [
  'shared/contracts/',
  'shared/kernel/',
  'shared/model/',
  'shared/ports/',
  { types: 'shared/runtime/' },
];

/** Which may import which: the table of docs/architecture.md, row by row. Files of one folder may import each other. */
const importTable: readonly Row[] = [
  // Version ranges and TOML are not parsed by hand.
  { from: 'shared/kernel/detect/', may: ['shared/kernel/'], packages: ['semver', 'smol-toml'] },
  { from: 'shared/kernel/', may: [], packages: [] },
  { from: 'shared/contracts/', may: ['shared/kernel/'], packages: ['zod'] },
  { from: 'shared/ports/', may: ['shared/contracts/', 'shared/kernel/'], packages: [] },
  { from: 'shared/db/', may: ['shared/kernel/'], packages: ['pg', 'node-pg-migrate'] },
  {
    from: 'shared/model/',
    may: ['shared/contracts/', 'shared/kernel/', { types: 'shared/ports/' }, 'shared/db/'],
    packages: [],
  },
  { from: 'shared/adapters/', may: ['shared/ports/', 'shared/contracts/', 'shared/kernel/'] },
  {
    from: 'shared/runtime/',
    may: ['shared/contracts/', 'shared/kernel/', 'shared/db/'],
    packages: ['zod', 'hono', '@hono/', '@middy/'],
  },
  { from: /^functions\/[^/]+\/handler\.ts$/, may: ['shared/'], packages: [] },
  // Routes are where HTTP ends: they read bodies, and know how errors are answered.
  {
    from: /^functions\/[^/]+\/[^/]+-routes\.ts$/,
    may: [...ofUseCases, 'shared/runtime/web-function.ts', 'shared/runtime/error-response.ts'],
    packages: ['zod', 'hono'],
  },
  // The reference is a page, written with hono/html.
  { from: 'functions/api/reference/', may: ofUseCases, packages: ['hono'] },
  { from: 'functions/', may: ofUseCases, packages: ['zod', 'dotenv'] },
  {
    from: 'edge-routine/',
    may: [
      'shared/contracts/edge-route.ts',
      'shared/contracts/manifest.ts',
      'shared/contracts/routing-rules.ts',
      'shared/contracts/rule-pattern.ts',
      'shared/contracts/rule-target.ts',
    ],
  },
  {
    from: 'builder/',
    may: [
      'shared/contracts/build-job.ts',
      'shared/contracts/manifest.ts',
      'shared/contracts/app-manifest.ts',
      'shared/contracts/routing-rules.ts',
      'shared/contracts/rule-headers.ts',
      'shared/contracts/rule-pattern.ts',
      'shared/contracts/rule-target.ts',
      'shared/kernel/',
    ],
  },
  { from: 'local/', may: ['shared/contracts/', 'shared/kernel/'] },
  { from: 'layers/', may: ['shared/'] },
  { from: 'tests/', may: 'anything' },
  { from: 'scripts/', may: 'anything' },
  { from: 'bench/', may: 'anything' },
  { from: 'vitest.config.ts', may: ['tests/'] },
];

export const rowOf = (file: string) =>
  importTable.find(({ from }) => (typeof from === 'string' ? file.startsWith(from) : from.test(file)));

/** What a file may always import: its own folder. Each function counts as a folder, and so does each folder of shared/. */
const homeOf = (file: string) => /^(?:(?:shared|functions)\/)?[^/]+\//.exec(file)?.[0];

const reaches = (allowed: string, target: string) =>
  allowed.endsWith('/') ? target.startsWith(allowed) : target === allowed;

/** Whether the table lets `file` import `target`, another file of the tree. */
export function mayImport(file: string, target: string, typeOnly: boolean): boolean {
  const row = rowOf(file);
  if (row === undefined) return false;
  const home = homeOf(file);
  if (row.may === 'anything' || (home !== undefined && target.startsWith(home))) return true;
  return row.may.some((allowed) =>
    typeof allowed === 'string' ? reaches(allowed, target) : typeOnly && reaches(allowed.types, target),
  );
}

/** Whether the table lets `file` import a package. */
export function mayImportPackage(file: string, name: string): boolean {
  const packages = rowOf(file)?.packages;
  if (packages === undefined) return true;
  return packages.some((allowed) =>
    allowed.endsWith('/') ? name.startsWith(allowed) : name.split('/')[0] === allowed,
  );
}
