import { readFileSync } from 'node:fs';
import path from 'node:path';

/** The repository whose workflow builds sites, as the local GitHub knows it. */
export const BUILDS_REPOSITORY = 'miaobu/platform';
export const BUILDS_WORKFLOW = 'build.yml';

/** The same workflow file that runs on GitHub: the platform relies on its inputs and run name. */
export const readBuildWorkflow = () =>
  readFileSync(path.join(import.meta.dirname, '..', '.github', 'workflows', BUILDS_WORKFLOW), 'utf8');
