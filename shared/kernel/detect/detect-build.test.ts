import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type DecidedSettings, type DetectedBuild, detectBuild, NOTHING_DECIDED } from './detect-build.ts';
import { DEFAULT_NODE_LINE, DEFAULT_PYTHON_LINE } from './version-line.ts';

/** The expected result for a repository, in short. */
interface Answer {
  readonly kind: DetectedBuild['kind'];
  readonly framework: string | null;
  /** With the version requested in package.json. */
  readonly manager: string | null;
  readonly install: string | null;
  readonly build: string | null;
  readonly outputs: readonly string[];
  readonly start: string | null;
  /** The version it runs on. */
  readonly version: string | null;
  /** The Node.js version that the project requests. */
  readonly node: string | null;
  /** Where its Python packages come from, and the file. */
  readonly python: string | null;
  readonly spa: boolean;
  readonly confidence: DetectedBuild['confidence'];
  readonly problem: string | null;
}

interface Repository {
  readonly files: Readonly<Record<string, unknown>>;
  readonly root?: string;
  readonly settings?: Partial<DecidedSettings>;
  /** Defaults to `usual`. A problem is matched by a part. */
  readonly expect: Partial<Answer>;
  /** Parts of reasons. */
  readonly tells?: readonly string[];
}

const site: Answer = {
  kind: 'static',
  framework: null,
  manager: 'npm',
  install: 'npm install',
  build: 'npm run build',
  outputs: [],
  start: null,
  version: null,
  node: null,
  python: null,
  spa: false,
  confidence: 'high',
  problem: null,
};
const usual: Record<Answer['kind'], Answer> = {
  static: site,
  node: { ...site, kind: 'node', version: DEFAULT_NODE_LINE },
  python: { ...site, kind: 'python', version: DEFAULT_PYTHON_LINE, manager: null, install: 'with pip', build: null },
};

const folder = path.join(import.meta.dirname, 'repositories');
const families = readdirSync(folder)
  .sort()
  .map((file) => {
    const repositories: Record<string, Repository> = parse(readFileSync(path.join(folder, file), 'utf8'));
    return [path.basename(file, '.yaml').replaceAll('-', ' '), Object.entries(repositories)] as const;
  });

async function detect({ files, root = '', settings }: Repository): Promise<DetectedBuild> {
  return detectBuild(
    {
      has: (name) => name in files,
      async readText(name) {
        const content = files[name];
        return typeof content === 'string' ? content : JSON.stringify(content ?? '');
      },
    },
    root,
    { ...NOTHING_DECIDED, ...settings },
  );
}

function installOf({ install, manager, python }: DetectedBuild): string | null {
  if (install.kind === 'command') return install.command;
  if (install.kind === 'none') return null;
  if (!manager) return python ? 'with pip' : 'nobody installs it';
  return manager.hasLockfile ? manager.manager.installLocked : manager.manager.install;
}

const answerOf = (detected: DetectedBuild): Answer => ({
  kind: detected.kind,
  framework: detected.framework?.name ?? null,
  manager: detected.manager
    ? [detected.manager.manager.title, detected.manager.version].filter(Boolean).join(' ')
    : null,
  install: installOf(detected),
  build: detected.build ?? null,
  outputs: detected.outputs,
  start: detected.server?.start ?? null,
  version: detected.server?.version ?? null,
  node: detected.nodeVersion ?? null,
  python: detected.python ? [detected.python.source, detected.python.path].filter(Boolean).join(' ') : null,
  spa: detected.maySpa,
  confidence: detected.confidence,
  problem: detected.problem ?? null,
});

/** Rows of Python's family omit that they are Python. */
const kindOf = (family: string, { expect: { kind } }: Repository) =>
  kind ?? (family === 'python apps' ? 'python' : 'static');

describe.each(families)('of %s', (family, repositories) => {
  test.each(repositories)('%s', async (_, repository) => {
    const detected = await detect(repository);
    const { problem, ...expected } = { ...usual[kindOf(family, repository)], ...repository.expect };
    if (expected.start === null) expected.version = null;
    const answer = answerOf(detected);
    expect(answer).toEqual({ ...expected, problem: problem === null ? null : expect.stringContaining(problem) });
    const told = detected.reasons.map(({ text }) => text).join('\n');
    for (const part of repository.tells ?? []) expect(told).toContain(part);
  });
});
