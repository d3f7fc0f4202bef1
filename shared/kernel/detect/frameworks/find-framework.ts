import type { Framework, FrameworkPlan, NodeProject } from './framework.ts';
import { frameworks } from './frameworks.ts';

/** A framework, and this project's use of it. */
export interface FoundFramework {
  readonly framework: Framework;
  readonly plan: FrameworkPlan;
  /** The script that builds; it may not exist. */
  readonly script: string;
  /** The package that identified it. */
  readonly packages: readonly string[];
}

/** Programs whose builds are not documentation. */
const OTHER_BUILD =
  /\b(?:vite|next|nuxt|astro|tsc|vue-tsc|tsup|tsdown|rollup|webpack|unbuild|esbuild|rsbuild|nest|ng|gatsby|vue-cli-service)\b/;

const scriptsOf = ({ scripts }: Framework) => scripts ?? ['build'];

function fits({ file }: NodeProject, framework: Framework): boolean {
  const { packages, also, program } = framework;
  if (!packages.some((name) => file.dependencies.has(name))) return false;
  if (also !== undefined && !file.dependencies.has(also)) return false;
  if (program === undefined) return true;
  const runs = new RegExp(`\\b${program}\\b`);
  return (
    scriptsOf(framework).some((name) => runs.test(file.scripts[name] ?? '')) ||
    !OTHER_BUILD.test(file.scripts.build ?? '')
  );
}

/** A project's framework: the first in the table that is among its dependencies and, if something is built, is built by a script. */
export async function findFramework(project: NodeProject): Promise<FoundFramework | undefined> {
  const { scripts, dependencies } = project.file;
  const fitting = frameworks.filter((framework) => fits(project, framework));
  const framework = fitting.find((it) => scriptsOf(it).some((name) => scripts[name] !== undefined)) ?? fitting[0];
  if (!framework) return undefined;
  const plan = (await framework.plan?.(project)) ?? {};
  const existing = scriptsOf(framework).filter((name) => scripts[name] !== undefined);
  const running = existing.find(
    (name) => framework.program !== undefined && scripts[name]?.includes(framework.program),
  );
  const known = framework.packages.filter((name) => dependencies.has(name)).slice(0, 1);
  return {
    framework,
    plan,
    script: plan.script ?? running ?? existing[0] ?? 'build',
    packages: framework.also === undefined ? known : [...known, framework.also],
  };
}
