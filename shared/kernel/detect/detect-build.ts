import type { ChosenManager } from './choose-manager.ts';
import { describeNodeApp, describePythonApp } from './describe-app.ts';
import { describeSite } from './describe-site.ts';
import { gatherFindings } from './gather-findings.ts';
import type { SourceFiles } from './source-files.ts';

/** The owner's settings. `null` means "detect it"; an empty command means "run nothing". */
export interface DecidedSettings {
  readonly install_command: string | null;
  readonly build_command: string | null;
  readonly output_directory: string | null;
  /** Empty: no program is run, so it is a site. */
  readonly start_command: string | null;
  readonly runtime: BuildKind | null;
  readonly node_version: string | null;
}

export const NOTHING_DECIDED: DecidedSettings = {
  install_command: null,
  build_command: null,
  output_directory: null,
  start_command: null,
  runtime: null,
  node_version: null,
};

/** What is published: files; or a program that answers requests, on Node.js or on Python. */
export type BuildKind = 'static' | 'node' | 'python';

/** Why something was detected, for the user. */
export interface Reason {
  readonly about:
    | 'kind'
    | 'framework'
    | 'package_manager'
    | 'install'
    | 'build'
    | 'output'
    | 'start'
    | 'node_version'
    | 'python_version'
    | 'spa';
  readonly text: string;
}

/** Confidence in a detection: a known framework or plain pages; something that builds or runs; a guess. */
export type Confidence = 'high' | 'medium' | 'low';

/** How an app's program is run. */
export interface DetectedServer {
  readonly runtime: 'node' | 'python';
  /** The version line to run on, e.g. `22` or `3.12`; a default when nothing requests one. */
  readonly version: string;
  /**
   * A shell command, run in the root directory of the unpacked app with PORT and HOST set; programs of its dependencies
   * (`node_modules/.bin`, `python_deps/bin`) are on the PATH. It is the program itself, never `npm start` or the like.
   */
  readonly start: string;
}

/** Where the dependencies of a Python app are read from. */
export interface PythonDependencies {
  readonly source: 'requirements' | 'pyproject' | 'poetry' | 'uv' | 'pipfile' | 'none';
  /** The lockfile, or else the file that lists them; relative to the repository. Undefined with `none`. */
  readonly path: string | undefined;
}

export interface DetectedBuild {
  readonly kind: BuildKind;
  /** Undefined for `static`, and for a program without a known start command: then there is a `problem`. */
  readonly server: DetectedServer | undefined;
  /**
   * Defined for `python`. Installed when `install` is `managed`; if `manager` is defined, so are the packages of the package.json beside
   * them, for its build.
   */
  readonly python: PythonDependencies | undefined;
  /** The framework or library that identified it. */
  readonly framework: { readonly name: string } | undefined;
  /** What this project was detected as. */
  readonly title: string;
  /** Only when the plan includes an install or a build by the package manager. */
  readonly manager: ChosenManager | undefined;
  /** `managed` means the manager's own install, with its lockfile when there is one. */
  readonly install: { readonly kind: 'none' | 'managed' } | { readonly kind: 'command'; readonly command: string };
  readonly build: string | undefined;
  /**
   * Candidate output folders, relative to the root directory; the first that exists is used. `.` is the root directory itself. Empty for
   * apps.
   */
  readonly outputs: readonly string[];
  /** The advice when none of them exists. */
  readonly hint: string | undefined;
  /** Whether a lone index.html means a single-page app. */
  readonly maySpa: boolean;
  /** The Node.js version as the project states it: a version, a range or the name of a line. */
  readonly nodeVersion: string | undefined;
  readonly confidence: Confidence;
  readonly reasons: readonly Reason[];
  /** Why the project cannot be built as it is: its package.json is broken, or nothing says how its program is started. */
  readonly problem: string | undefined;
}

/**
 * Decides how to build a project: by its settings, and where they leave it open, by its files. The build runner follows this; users who
 * import a repository are shown it.
 */
export async function detectBuild(
  files: SourceFiles,
  /** The root directory in the repository; empty for the repository itself. */
  root: string,
  settings: DecidedSettings,
): Promise<DetectedBuild> {
  const findings = await gatherFindings(files, root, settings);
  switch (findings.decided.kind) {
    case 'static':
      return describeSite(findings);
    case 'node':
      return describeNodeApp(findings);
    case 'python':
      return describePythonApp(findings);
  }
}
