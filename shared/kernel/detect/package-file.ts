/** The fields of a package.json that decide how it is built and run. */

import { isRecord, recordIn, textIn } from '../read-json-value.ts';
export interface PackageFile {
  readonly name: string | undefined;
  readonly packageManager: string | undefined;
  /** Managers that `devEngines`, `volta` or `engines` name, with the version or range. */
  readonly managerHints: readonly {
    readonly name: string;
    readonly version: string | undefined;
    readonly from: string;
  }[];
  readonly scripts: Readonly<Record<string, string>>;
  readonly hasWorkspaces: boolean;
  /** Direct dependencies with their ranges. */
  readonly dependencies: ReadonlyMap<string, string>;
  /** Those that remain without the development dependencies. */
  readonly production: ReadonlySet<string>;
  readonly main: string | undefined;
  /** The requested Node.js versions, strongest first. */
  readonly nodeHints: readonly { readonly version: string; readonly from: string }[];
}

const textsIn = (value: unknown) =>
  Object.entries(recordIn(value)).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
/** `devEngines` holds one entry of a kind, or several alternatives. */
const firstIn = (value: unknown) => recordIn(Array.isArray(value) ? value[0] : value);

const MANAGERS = ['pnpm', 'yarn', 'bun', 'npm'];

function managerHintsOf(json: Record<string, unknown>): PackageFile['managerHints'] {
  const asked = firstIn(recordIn(json.devEngines).packageManager);
  const name = textIn(asked.name);
  const named = (where: string, names: readonly string[]) =>
    names.flatMap((manager) => {
      const version = textIn(recordIn(json[where])[manager]);
      return version === undefined ? [] : [{ name: manager, version, from: `"${where}"` }];
    });
  return [
    ...(name === undefined ? [] : [{ name, version: textIn(asked.version), from: '"devEngines"' }]),
    // Volta and engines often name npm beside the manager that is used.
    ...named('volta', MANAGERS),
    ...named('engines', MANAGERS),
  ];
}

function nodeHintsOf(json: Record<string, unknown>): PackageFile['nodeHints'] {
  const runtime = firstIn(recordIn(json.devEngines).runtime);
  const hints = [
    { version: textIn(recordIn(json.volta).node), from: '"volta"' },
    { version: textIn(recordIn(json.engines).node), from: '"engines"' },
    { version: runtime.name === 'node' ? textIn(runtime.version) : undefined, from: '"devEngines"' },
  ];
  return hints.flatMap(({ version, from }) =>
    version === undefined ? [] : [{ version, from: `${from} in package.json` }],
  );
}

/** Parses a package.json, or says why it cannot be read. A field of an unexpected type counts as missing. */
export function parsePackageFile(text: string): PackageFile | { readonly problem: string } {
  let json: unknown;
  try {
    json = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    return { problem: `package.json cannot be read: ${error instanceof Error ? error.message : 'it is not JSON'}.` };
  }
  if (!isRecord(json)) return { problem: 'package.json cannot be read: it is not a JSON object.' };
  const { dependencies, devDependencies, optionalDependencies } = json;
  const rangesIn = (...fields: unknown[]) =>
    fields.flatMap((field) =>
      Object.entries(recordIn(field)).map(([name, range]) => [name, textIn(range) ?? ''] as const),
    );
  return {
    name: textIn(json.name),
    packageManager: textIn(json.packageManager),
    managerHints: managerHintsOf(json),
    scripts: Object.fromEntries(textsIn(json.scripts)),
    hasWorkspaces: json.workspaces !== undefined,
    dependencies: new Map(rangesIn(devDependencies, optionalDependencies, dependencies)),
    production: new Set(rangesIn(optionalDependencies, dependencies).map(([name]) => name)),
    main: textIn(json.main),
    nodeHints: nodeHintsOf(json),
  };
}
