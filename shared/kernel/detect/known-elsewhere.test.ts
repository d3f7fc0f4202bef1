import { frameworkList } from '@vercel/frameworks';
import { LOCKS } from 'package-manager-detector/constants';
import { expect, test } from 'vitest';
import { frameworks } from './frameworks/frameworks.ts';
import { serverLibraries } from './node/server-libraries.ts';
import { packageManagers } from './package-managers.ts';
import { pythonFrameworks } from './python/python-frameworks.ts';

/** Packages in another platform's table, and why ours omits them. Settings cover these. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  docusaurus: 'version 1, superseded by @docusaurus/core',
  dojo: 'too rare to be kept right',
  'factory-eve': 'a server for agents, which its own platform runs',
  hydrogen: 'made for the workers of its own platform',
  'ionic-react': 'built by Vite or react-scripts, and found by these',
  mastra: 'a server for agents, with a start command of its own',
  redwoodjs: 'a site and an API in one: two projects here',
  scully: 'a step after the build of Angular, by which it is found',
  solidstart: 'before version 1, when its output was its adapter’s',
  xmcp: 'a server for agents, with a start command of its own',
};

const knownPackages = new Set([
  ...frameworks.flatMap(({ packages }) => packages),
  ...serverLibraries.flatMap(({ packages }) => packages),
  ...pythonFrameworks.map((it) => it.package),
]);

const elsewhere = frameworkList.flatMap(({ slug, detectors }) => {
  const packages = [...(detectors?.every ?? []), ...(detectors?.some ?? [])].flatMap(
    ({ matchPackage }) => matchPackage ?? [],
  );
  return slug === null || packages.length === 0 ? [] : [{ slug, packages }];
});

test('every framework of npm that @vercel/frameworks knows is known here, or omitted for a reason', () => {
  const unknown = elsewhere.filter(({ packages }) => !packages.some((name) => knownPackages.has(name)));
  expect(unknown.map(({ slug }) => slug).sort()).toEqual(Object.keys(LEFT_OUT).sort());
});

test('every lockfile that package-manager-detector knows of our managers is known here', () => {
  const ours = packageManagers.map(({ command }) => command);
  const theirs = Object.entries(LOCKS).filter(
    ([name, agent]) => ours.includes(agent) && name !== 'pnpm-workspace.yaml',
  );
  const known = packageManagers.flatMap(({ command, lockfiles }) => lockfiles.map((name) => [name, command]));
  expect(known.sort()).toEqual(theirs.sort());
});
