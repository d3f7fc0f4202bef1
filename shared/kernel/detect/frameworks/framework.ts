import type { PackageFile } from '../package-file.ts';
import type { ProjectFolder } from '../source-files.ts';

/** A project with a package.json, as rules see it. */
export interface NodeProject {
  readonly folder: ProjectFolder;
  readonly file: PackageFile;
}

/** A project's use of a framework, as far as its configuration shows. Missing fields default to the framework's row. */
export interface FrameworkPlan {
  /** Candidate output folders; the first that exists. */
  readonly outputs?: readonly string[];
  readonly manyPages?: boolean;
  /** The build creates a program: how it is run, unless package.json says. Absent: the project is a site. */
  readonly start?: string;
  /** The script that builds, if it is not `build`. */
  readonly script?: string;
  /** How it was recognised, for the user. */
  readonly why?: string;
  /** What to do about it, for the user. */
  readonly hint?: string;
  /** It is a guess. */
  readonly unsure?: true;
}

export interface Framework {
  readonly name: string;
  /** One of these is among the dependencies. */
  readonly packages: readonly string[];
  /** And this. */
  readonly also?: string;
  /** Candidate output folders of its build; the first that exists. */
  readonly outputs: readonly string[];
  /** It creates a page per path, so that a lone page does not mean a single-page app. */
  readonly manyPages?: true;
  /** The scripts that may build; the first that exists. Default: `build`. */
  readonly scripts?: readonly string[];
  /** Often present beside a project's main purpose: then it counts only if one of its scripts runs this. */
  readonly program?: string;
  /** Inspects the project's configuration. */
  readonly plan?: (project: NodeProject) => Promise<FrameworkPlan>;
}

/** What a script of package.json runs; empty without it. */
export const scriptText = ({ file }: NodeProject, name: string) => file.scripts[name] ?? '';

/** The text of a command line option, such as `dist` in `--out-dir dist` or `--out-dir=dist`. */
export const optionIn = (command: string, ...names: readonly string[]) =>
  new RegExp(`(?:^|\\s)(?:${names.join('|')})[=\\s]["']?([\\w@./-]+)`).exec(command)?.[1];
