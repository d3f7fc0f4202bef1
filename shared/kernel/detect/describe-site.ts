import type { Confidence, DetectedBuild } from './detect-build.ts';
import { COMMON_OUTPUTS } from './frameworks/frameworks.ts';
import { type Findings, frameworkReason } from './gather-findings.ts';

const OF_WORKSPACES =
  'This is the root of a workspace: set the root directory to the folder of the package that is to be published.';

/** The plan for a project that is published as files. */
export function describeSite(findings: Findings): DetectedBuild {
  const { settings, build, install, hasIndex, packageProblem, nodeVersion, decided } = findings;
  const framework = findings.framework?.framework;
  // The server part of a framework's configuration does not apply when the user chose a site.
  const plan = findings.framework?.plan.start === undefined ? findings.framework?.plan : undefined;
  const manyPages = plan?.manyPages ?? framework?.manyPages === true;
  const runsNothing = build === undefined && install.kind === 'none';
  const isLaidOut = build === undefined && hasIndex;

  function outputs(): readonly string[] {
    if (settings.output_directory !== null) return [settings.output_directory.trim() || '.'];
    if (runsNothing) return ['.'];
    if (framework && build !== undefined) return plan?.outputs ?? framework.outputs;
    // Never the root directory of a possible server, unless it is laid out as a site.
    return isLaidOut ? [...COMMON_OUTPUTS, '.'] : COMMON_OUTPUTS;
  }
  function confidence(): Confidence {
    if (packageProblem !== undefined || plan?.unsure) return 'low';
    if (runsNothing) return hasIndex ? 'high' : 'low';
    if (build === undefined) return isLaidOut ? 'medium' : 'low';
    return framework ? 'high' : 'medium';
  }
  const hint = plan?.hint ?? (findings.isWorkspace && !framework ? OF_WORKSPACES : undefined);
  const about = [plan?.why, hint].filter((text) => text !== undefined);
  return {
    kind: 'static',
    server: undefined,
    python: undefined,
    framework,
    title: framework?.name ?? (runsNothing ? 'plain files, nothing to build' : 'no known framework'),
    manager: findings.manager,
    install,
    build,
    outputs: outputs(),
    hint: settings.output_directory === null ? hint : undefined,
    // Without a build a single page is just one page: serving it at every unknown path would hide broken links.
    maySpa: build !== undefined && !manyPages,
    nodeVersion: nodeVersion?.version,
    confidence: confidence(),
    reasons: [
      { about: 'framework', text: frameworkReason(findings) },
      ...(decided.why === undefined ? [] : [{ about: 'kind', text: decided.why } as const]),
      ...findings.buildReasons,
      ...about.map((text) => ({ about: 'output', text }) as const),
      ...(framework && build !== undefined
        ? [{ about: 'spa', text: spaReason(framework.name, manyPages) } as const]
        : []),
      ...(nodeVersion ? [{ about: 'node_version', text: `${nodeVersion.from} asks for it.` } as const] : []),
    ],
    problem: packageProblem,
  };
}

const spaReason = (name: string, manyPages: boolean) =>
  manyPages
    ? `${name} makes a page for each address.`
    : `${name} makes one page for all addresses, unless told otherwise.`;
