/** The fields of a package.json that decide how it is built. */
export interface PackageFile {
  readonly packageManager: string | undefined;
  readonly scripts: Readonly<Record<string, string>>;
  readonly hasWorkspaces: boolean;
  /** The packages it depends on, directly. */
  readonly dependencies: ReadonlySet<string>;
  /** `engines.node`. */
  readonly node: string | undefined;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const recordIn = (value: unknown) => (isRecord(value) ? value : {});
const textIn = (value: unknown) => (typeof value === 'string' ? value : undefined);

/** Reads the text of a package.json, or says why it cannot be read. A field of an unexpected kind is as good as missing. */
export function parsePackageFile(text: string): PackageFile | { readonly problem: string } {
  let json: unknown;
  try {
    json = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    return { problem: `package.json cannot be read: ${error instanceof Error ? error.message : 'it is not JSON'}.` };
  }
  if (!isRecord(json)) return { problem: 'package.json cannot be read: it is not a JSON object.' };
  const scripts = Object.entries(recordIn(json.scripts)).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  const { dependencies, devDependencies, optionalDependencies } = json;
  return {
    packageManager: textIn(json.packageManager),
    scripts: Object.fromEntries(scripts),
    hasWorkspaces: json.workspaces !== undefined,
    dependencies: new Set(
      [dependencies, devDependencies, optionalDependencies].flatMap((it) => Object.keys(recordIn(it))),
    ),
    node: textIn(recordIn(json.engines).node),
  };
}
