import { readFileSync } from 'node:fs';
import path from 'node:path';
import { cleanupTopics, deployTopics, topics } from '@miaobu/shared/contracts/messages';
import { reservedSlugs } from '@miaobu/shared/kernel/slug';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod';
import { findImports, resolveImport } from './architecture/find-imports.ts';
import { mayImport, mayImportPackage, rowOf } from './architecture/import-table.ts';
import {
  codeOf,
  files,
  importsOf,
  isTest,
  production,
  reachableFrom,
  read,
  sources,
} from './architecture/source-tree.ts';

// Each rule is a list of what breaks it, and the list has to be empty: a failure names file and import.

const handlers = files.filter((file) => /^functions\/[^/]+\/handler\.ts$/.test(file));
const functionFolders = handlers.map((file) => path.basename(path.dirname(file)));
const platformCode = production.filter((file) => /^(shared|functions)\//.test(file));

describe('imports', () => {
  test('are found in every form, and only there', () => {
    const text = `
      import './a.ts';
      import type { B } from './b.ts';
      import c, { type C } from './c.ts';
      import * as d from './d.ts';
      import {
        e,
      } from '@miaobu/shared/kernel/e';
      export * from './f.ts';
      export type { G } from './g.ts';
      export const h = await import('./h.ts');
      type I = typeof import('./i.ts');
      const j = require('./j.cjs');
      // import './no.ts';
      /* import './no.ts'; */
      const text = "import from './no.ts'";
      export const from = { from: 'no' };`;
    expect(findImports(text).map(({ specifier, typeOnly }) => specifier + (typeOnly ? ' (types)' : ''))).toEqual([
      './a.ts',
      './b.ts (types)',
      './c.ts',
      './d.ts',
      '@miaobu/shared/kernel/e',
      './f.ts',
      './g.ts (types)',
      './h.ts',
      './i.ts (types)',
      './j.cjs',
    ]);
    expect(resolveImport('shared/db/x.ts', '../kernel/e.ts')).toBe('shared/kernel/e.ts');
    expect(resolveImport('functions/api/x.ts', '@miaobu/shared/kernel/e')).toBe('shared/kernel/e.ts');
    expect(resolveImport('functions/api/x.ts', 'zod')).toBeUndefined();
  });

  test('lead to files that exist', () => {
    const known = new Set(files);
    const broken = production.flatMap((file) =>
      importsOf(file)
        .inside.filter(({ target }) => !known.has(target))
        .map(({ specifier }) => `${file} → ${specifier}`),
    );
    expect(broken).toEqual([]);
  });

  test('follow the table', () => {
    const violations = production.flatMap((file) => {
      const { inside, packages } = importsOf(file);
      return [
        ...(rowOf(file) === undefined ? [`${file} is in no row of the table`] : []),
        ...inside
          .filter(({ target, typeOnly }) => !mayImport(file, target, typeOnly))
          .map(({ target, typeOnly }) => `${file} → ${target}${typeOnly ? ' (types)' : ''}`),
        ...packages
          .filter(({ specifier }) => !specifier.startsWith('node:') && !mayImportPackage(file, specifier))
          .map(({ specifier }) => `${file} → ${specifier}`),
      ];
    });
    expect(violations).toEqual([]);
  });

  test.each([
    ['shared/kernel/ids.ts', 'shared/contracts/errors.ts'],
    ['shared/model/project/project.ts', 'shared/adapters/aliyun/oss-object-store.ts'],
    ['shared/adapters/aliyun/oss-object-store.ts', 'shared/db/sql.ts'],
    ['functions/deploy/start-build.ts', 'shared/adapters/github/actions-build-runner.ts'],
    ['functions/deploy/start-build.ts', 'functions/api/operation.ts'],
    ['functions/deploy/handler.ts', 'functions/api/operation.ts'],
    ['functions/deploy/start-build.ts', 'shared/db/sql.ts'],
    ['functions/deploy/start-build.ts', 'shared/runtime/config.ts'],
    ['edge-routine/index.ts', 'shared/contracts/errors.ts'],
    ['builder/main.ts', 'shared/contracts/projects.ts'],
    ['local/main.ts', 'functions/api/handler.ts'],
    ['shared/runtime/config.ts', 'local/main.ts'],
    ['somewhere/else.ts', 'shared/kernel/ids.ts'],
  ])('from %s to %s are refused by the table', (file, target) => {
    expect(mayImport(file, target, false)).toBe(false);
  });

  test('of a file that only tests need come from where tests keep such files', () => {
    const ofPlatform = new Set(production.flatMap((file) => importsOf(file).inside.map(({ target }) => target)));
    const ofTests = new Set(
      sources.filter(isTest).flatMap((file) => importsOf(file).inside.map(({ target }) => target)),
    );
    expect(production.filter((file) => ofTests.has(file) && !ofPlatform.has(file))).toEqual([]);
  });

  test('take nothing that is only for tests', () => {
    // Benchmarks, scripts and the test configuration may.
    const shipped = production.filter((file) => !/^(bench\/|scripts\/|vitest\.config\.ts$)/.test(file));
    const violations = shipped.flatMap((file) =>
      importsOf(file)
        .inside.filter(({ target }) => isTest(target))
        .map(({ target }) => `${file} → ${target}`),
    );
    expect(violations).toEqual([]);
  });
});

describe('what reaches the cloud', () => {
  test.each(handlers)('%s includes its own folder and shared/, and nothing of the local cloud', (handler) => {
    const folder = `${path.dirname(handler)}/`;
    const foreign = [...reachableFrom(handler)].filter(
      (file) => !file.startsWith(folder) && !file.startsWith('shared/'),
    );
    expect(foreign).toEqual([]);
  });

  test('the edge routine is made of plain TypeScript: no package, no module of Node, no zod', () => {
    const reached = [...reachableFrom('edge-routine/index.ts')];
    expect(reached.length).toBeGreaterThan(1);
    expect(reached.flatMap((file) => importsOf(file).packages.filter(({ typeOnly }) => !typeOnly))).toEqual([]);
  });

  test('contracts run in a browser: no module of Node', () => {
    const contracts = production.filter((file) => file.startsWith('shared/contracts/'));
    const reached = contracts.flatMap((file) =>
      importsOf(file).packages.map(({ specifier }) => `${file} → ${specifier}`),
    );
    expect(reached.filter((it) => it.includes('node:'))).toEqual([]);
  });
});

describe('functions', () => {
  test('functions/ and s.yaml name the same ones', () => {
    const text = readFileSync(new URL('../s.yaml', import.meta.url), 'utf8');
    const { resources } = z
      .object({
        resources: z.record(
          z.string(),
          z.object({
            component: z.string(),
            props: z.object({ functionName: z.string(), code: z.string() }).partial(),
          }),
        ),
      })
      .parse(parse(text, { merge: true }));
    const described = Object.values(resources)
      .filter(({ component }) => component === 'fc3')
      .map(({ props: { functionName, code } }) => ({ functionName, code }));
    const existing = functionFolders.map((folder) => ({
      functionName: `miaobu-${folder}`,
      code: `./dist/functions/${folder}.zip`,
    }));
    expect(new Set(described)).toEqual(new Set(existing));
    expect(described).toHaveLength(existing.length);
  });

  test('every folder of functions/ has a handler', () => {
    const folders = new Set(files.flatMap((file) => /^functions\/([^/]+)\//.exec(file)?.[1] ?? []));
    expect([...folders].sort()).toEqual([...functionFolders].sort());
  });

  test('no project can take the name of a function', () => {
    expect(functionFolders.filter((folder) => !reservedSlugs.has(folder))).toEqual([]);
  });

  test('every topic of the outbox is handled by exactly one function', () => {
    expect([...deployTopics, ...cleanupTopics].sort()).toEqual(Object.keys(topics).sort());
    for (const [file, own] of [
      ['functions/deploy/topic-handlers.ts', deployTopics],
      ['functions/cleanup/handler.ts', cleanupTopics],
    ] as const) {
      expect(own.filter((topic) => !codeOf(file).includes(`'${topic}':`))).toEqual([]);
    }
  });
});

describe('one place for each thing', () => {
  test('SQL is in repositories, in parts of their statements (*-sql.ts) and in shared/db', () => {
    const isHome = (file: string) =>
      file.startsWith('shared/db/') || /^shared\/model\/.*-(repository|sql)\.ts$/.test(file);
    const statement =
      /\bsql`|\bsql\(|['"`]\s*(select|insert into|update|delete from|with|lock table)\b[^'"`]*\b(from|values|set|into|as)\b/i;
    const violations = platformCode.filter((file) => {
      const takesTag = importsOf(file).inside.some(
        ({ target, typeOnly }) => target === 'shared/db/sql.ts' && !typeOnly,
      );
      return !isHome(file) && (takesTag || statement.test(codeOf(file)));
    });
    expect(violations).toEqual([]);
  });

  test('the environment is read in shared/runtime/config.ts', () => {
    const readers = platformCode.filter((file) =>
      /\bprocess\.env\b|\bprocess\[|\benv\b.*from 'node:process'/.test(codeOf(file)),
    );
    expect(readers).toEqual(['shared/runtime/config.ts']);
  });

  test('the globals of the edge are named in edge-routine/index.ts', () => {
    const edge = production.filter((file) => file.startsWith('edge-routine/') && !file.endsWith('.d.ts'));
    const namers = edge.filter((file) => /\bnew EdgeKV\b|(?<![\w.])cache\.(get|put|delete)\(/.test(codeOf(file)));
    expect(namers).toEqual(['edge-routine/index.ts']);
  });
});

describe('names', () => {
  test('of files are unique, so that one names one file', () => {
    // Files that may share a name, and how they are told apart.
    const exempt = (file: string) =>
      // A function's entry and a program's; a script is named after the one function that it calls.
      ['handler.ts', 'main.ts'].includes(path.basename(file)) || /^scripts\/[^/]+$/.test(file);
    const pairs = [
      // The Aliyun account of the emulators, and the contract for our accounts.
      'account.ts',
      // The API operation, and the model rule it is built on.
      'cancel-deployment.ts',
      // One starts it; the other is the test set-up that calls it.
      'start-postgres.ts',
    ];
    const names = sources.filter((file) => !exempt(file)).map((file) => path.basename(file));
    const shared = names.filter((name, index) => names.indexOf(name) !== index);
    expect(shared.sort()).toEqual(pairs);
  });

  test('say what is inside: no drawers, no barrels', () => {
    const drawer = /^(.*-)?(utils?|helpers?|misc|common)$|^(services?|managers?|index|types|constants)$/;
    const drawers = sources
      .filter((file) => file !== 'edge-routine/index.ts')
      .filter((file) => file.split('/').some((segment) => drawer.test(segment.replace(/\..*$/, ''))));
    expect(drawers).toEqual([]);
  });

  test('are kebab-case', () => {
    expect(
      sources.filter((file) => !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(path.basename(file).replace(/\..*$/, ''))),
    ).toEqual([]);
  });
});

test('no file knows the machine it was written on', () => {
  const machine = [
    // Paths of one machine; `_work/` of a GitHub runner and the like are not meant.
    ['', 'work', '(main|shared|brief)\\b'].join('/'),
    ['', 'tmp', 'research'].join('/'),
    ['', 'tmp', 'bash_jobs'].join('/'),
    // npm writes the registry's address into lock files unless configured not to.
    '"resolved": "https?:',
    ['registry', '(npmjs|npmmirror|yarnpkg)', '(org|com)'].join('\\.'),
  ].join('|');
  const pattern = new RegExp(`(?<![\\w.-])(${machine})`);
  const text = files.filter((file) => !/\.(png|jpe?g|gif|ico|woff2?|zip|gz|br)$/.test(file));
  expect(text.filter((file) => pattern.test(read(file)))).toEqual([]);
});
