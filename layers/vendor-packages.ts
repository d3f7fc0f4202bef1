/** How one module specifier of a third party becomes one file of the layer. */
export interface VendorPackage {
  /**
   * What `require` of it gives:
   * - `commonjs`: what the package itself exports; it is CommonJS, or Node's ESM loader would give the same as `default`.
   * - `named`: an ES module of named exports.
   * - `default`: an ES module whose default export is all we use, as `module.exports`, because that is what
   *   `import x from` finds in a CommonJS module.
   */
  readonly exports: 'commonjs' | 'named' | 'default';
  /** Specifiers of the layer that it requires instead of containing them: several need the same heavy one, or the same identity. */
  readonly requires?: readonly string[];
}

const ALIBABA_CORE = ['@alicloud/openapi-core', '@darabonba/typescript'] as const;

/**
 * Everything of third parties that may be in the layer. It holds those that `shared/` and `functions/` import, and what
 * these require; versions are pinned by package-lock.json.
 */
export const vendorPackages: Readonly<Record<string, VendorPackage>> = {
  '@alicloud/alidns20150109': { exports: 'commonjs', requires: ALIBABA_CORE },
  '@alicloud/esa20240910': { exports: 'commonjs', requires: ALIBABA_CORE },
  '@alicloud/fc20230330': { exports: 'commonjs', requires: ALIBABA_CORE },
  '@alicloud/openapi-core': { exports: 'commonjs', requires: ['@darabonba/typescript'] },
  '@darabonba/typescript': { exports: 'commonjs' },
  '@hono/node-server': { exports: 'named' },
  '@middy/core': { exports: 'default' },
  'ali-oss': { exports: 'commonjs' },
  dotenv: { exports: 'commonjs' },
  hono: { exports: 'named' },
  'hono/accepts': { exports: 'named' },
  'hono/compress': { exports: 'named' },
  'hono/cookie': { exports: 'named' },
  'hono/cors': { exports: 'named' },
  'hono/html': { exports: 'named' },
  'hono/streaming': { exports: 'named' },
  jose: { exports: 'named' },
  'node-pg-migrate': { exports: 'named', requires: ['pg'] },
  pg: { exports: 'commonjs' },
  semver: { exports: 'commonjs' },
  'smol-toml': { exports: 'named' },
  tablestore: { exports: 'commonjs' },
  undici: { exports: 'commonjs' },
  zod: { exports: 'named' },
};

/**
 * Packages that those above load only if installed, or only for a setting we never use. They are not in the layer,
 * and `require` of them fails as for any package that is not installed.
 */
export const optionalPackages = [
  'bufferutil',
  'graceful-fs',
  'pg-native',
  'proxy-agent',
  'supports-color',
  'utf-8-validate',
];
