import type { Confidence, DecidedSettings, DetectedBuild, Reason } from './detect-build.ts';
import { type Findings, frameworkReason, SETTINGS_SAY_SO } from './gather-findings.ts';
import type { AskedVersion } from './node-version.ts';
import {
  DEFAULT_NODE_LINE,
  DEFAULT_PYTHON_LINE,
  NODE_LINES,
  nodeLine,
  PYTHON_LINES,
  pythonLine,
} from './version-line.ts';

/** The plan for a program that Node.js runs. */
export function describeNodeApp(findings: Findings): DetectedBuild {
  const { settings, nodeSearch, packageProblem, decided, nodeVersion, framework } = findings;
  const { server, library, remark } = nodeSearch ?? {};
  const isFrameworks = framework?.plan.start !== undefined;
  const name = isFrameworks ? framework.framework.name : (library?.name ?? framework?.framework.name);
  const asked = settings.node_version === null ? nodeVersion : { version: settings.node_version, from: 'The settings' };
  const { line, reasons } = lineFor(asked, 'Node.js', {
    lineOf: nodeLine,
    lines: NODE_LINES,
    usual: DEFAULT_NODE_LINE,
  });
  const start = startOf(settings, server?.start);
  const problem =
    packageProblem ??
    (start === undefined
      ? (remark ?? 'Nothing says how the program is started: add a script "start", or set the start command.')
      : undefined);
  const byLibrary = library && `"${library.package}" is among the dependencies in package.json.`;
  return {
    ...appOf(findings, problem),
    kind: 'node',
    server: start === undefined ? undefined : { runtime: 'node', version: line, start },
    python: undefined,
    framework: name === undefined ? undefined : { name },
    title: `${name ?? 'a program'}, on Node.js ${line}`,
    confidence: confidenceOf({
      problem,
      isChosen: decided.unsure,
      isKnown: name !== undefined,
      isSure: settings.start_command !== null || server?.sure === true,
    }),
    reasons: [
      { about: 'framework', text: isFrameworks ? frameworkReason(findings) : (byLibrary ?? nodeReason(findings)) },
      ...reasonsAbout('kind', [decided.why, framework?.plan.why]),
      ...findings.buildReasons,
      ...reasonsAbout(
        'start',
        settings.start_command === null ? [...(server?.reasons ?? []), framework?.plan.hint] : [SETTINGS_SAY_SO],
      ),
      ...reasonsAbout('node_version', reasons),
    ],
  };
}

/** The plan for a program that Python runs. */
export function describePythonApp(findings: Findings): DetectedBuild {
  const { settings, python, packageProblem, decided } = findings;
  const { server, manifest, framework } = python ?? {};
  const { line, reasons } = lineFor(manifest?.version, 'Python', {
    lineOf: pythonLine,
    lines: PYTHON_LINES,
    usual: DEFAULT_PYTHON_LINE,
  });
  const start = startOf(settings, server?.start);
  const missing = [python?.why, 'No file was found that makes the app: set the start command.'];
  const problem =
    packageProblem ??
    manifest?.problem ??
    (start === undefined ? missing.filter((it) => it !== undefined).join(' ') : undefined);
  return {
    ...appOf(findings, problem),
    kind: 'python',
    server: start === undefined ? undefined : { runtime: 'python', version: line, start },
    python: { source: manifest?.source ?? 'none', path: manifest?.path },
    framework: framework && { name: framework.name },
    title: `${framework?.name ?? 'a program'}, on Python ${line}`,
    confidence: confidenceOf({
      problem,
      isChosen: decided.unsure,
      isKnown: framework !== undefined,
      isSure: settings.start_command !== null || server?.sure === true,
    }),
    reasons: [
      { about: 'framework', text: python?.why ?? 'No file of a Python project is there.' },
      ...reasonsAbout('kind', [decided.why]),
      ...reasonsAbout('install', [manifest?.path === undefined ? undefined : `There is a ${manifest.path}.`]),
      ...findings.buildReasons,
      ...reasonsAbout('start', settings.start_command === null ? [server?.why, server?.advice] : [SETTINGS_SAY_SO]),
      ...reasonsAbout('python_version', reasons),
    ],
  };
}

/** What all apps have in common. */
const appOf = ({ manager, install, build, nodeVersion }: Findings, problem: string | undefined) => ({
  manager,
  install,
  build,
  outputs: [],
  hint: undefined,
  maySpa: false,
  nodeVersion: nodeVersion?.version,
  problem,
});

const nodeReason = (findings: Findings) =>
  findings.file ? frameworkReason(findings) : 'There is no package.json, but a program for Node.js.';

const startOf = ({ start_command }: DecidedSettings, found: string | undefined) =>
  start_command === null ? found : start_command.trim() || undefined;

const reasonsAbout = (about: Reason['about'], texts: readonly (string | undefined)[]): Reason[] =>
  texts.flatMap((text) => (text === undefined ? [] : [{ about, text }]));

function confidenceOf(it: {
  problem: string | undefined;
  isChosen: boolean;
  isKnown: boolean;
  isSure: boolean;
}): Confidence {
  if (it.problem !== undefined) return 'low';
  if (it.isKnown && it.isSure) return it.isChosen ? 'medium' : 'high';
  return it.isKnown || it.isSure ? 'medium' : 'low';
}

/** The version line to run on, and why. */
function lineFor(
  asked: AskedVersion | undefined,
  name: string,
  { lineOf, lines, usual }: { lineOf: (asked: string) => string | undefined; lines: readonly string[]; usual: string },
): { line: string; reasons: string[] } {
  if (!asked) return { line: usual, reasons: [] };
  const line = lineOf(asked.version);
  const had = `${asked.from} ${asked.from === 'The settings' ? 'ask' : 'asks'} for`;
  if (line !== undefined) return { line, reasons: [`${had} it.`] };
  return {
    line: usual,
    reasons: [`${had} ${name} ${asked.version}, which is not to be had: apps run on ${lines.join(', ')}.`],
  };
}
