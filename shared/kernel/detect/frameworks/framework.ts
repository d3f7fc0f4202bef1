import type { PackageFile } from '../package-file.ts';
import type { ProjectFolder } from '../source-files.ts';

/** A project with a package.json, as rules look at it. */
export interface NodeProject {
  readonly folder: ProjectFolder;
  readonly file: PackageFile;
}

/** What a project makes of a framework, as far as its configuration shows. What is missing is as the framework's row has it. */
export interface FrameworkPlan {
  /** Where the site will be; the first that exists. */
  readonly outputs?: readonly string[];
  readonly manyPages?: boolean;
  /** The build makes a program: how it is run, if nothing in package.json says. Without it the project is a site. */
  readonly start?: string;
  /** The script that builds, if it is not `build`. */
  readonly script?: string;
  /** What it was seen by, for a person. */
  readonly why?: string;
  /** What to do about it, for a person. */
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
  /** Where its build puts the site; the first that exists. */
  readonly outputs: readonly string[];
  /** It makes a page per address, so that one page alone does not mean a single-page app. */
  readonly manyPages?: true;
  /** The scripts that build, the first that exists. Default: `build`. */
  readonly scripts?: readonly string[];
  /** It often lies beside what the project is: then it counts only if one of its scripts runs this. */
  readonly program?: string;
  /** Looks at the project's configuration. */
  readonly plan?: (project: NodeProject) => Promise<FrameworkPlan>;
}

/** What a script of package.json runs; empty without it. */
export const scriptText = ({ file }: NodeProject, name: string) => file.scripts[name] ?? '';

/** The text of a command line option, such as `dist` in `--out-dir dist` or `--out-dir=dist`. */
export const optionIn = (command: string, ...names: readonly string[]) =>
  new RegExp(`(?:^|\\s)(?:${names.join('|')})[=\\s]["']?([\\w@./-]+)`).exec(command)?.[1];
