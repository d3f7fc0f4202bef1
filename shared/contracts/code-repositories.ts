import * as z from 'zod';
import { endpoint } from './endpoint.ts';
import { noParams, pageQuery } from './pagination.ts';
import { projectSettings } from './projects.ts';

export const repository = z.strictObject({
  /** GitHub's own: the same after a rename. */
  id: z.int(),
  full_name: z.string(),
  default_branch: z.string(),
  private: z.boolean(),
  pushed_at: z.iso.datetime().nullable(),
  /** What you have imported from it: any number, in a monorepo one a root directory. */
  projects: z.array(z.strictObject({ id: z.string(), slug: z.string(), root_directory: z.string() })),
});
export type Repository = z.output<typeof repository>;

export const branch = z.strictObject({ name: z.string(), commit_sha: z.string() });

export const repositoryAnalysis = z.strictObject({
  full_name: z.string(),
  branch: z.string(),
  commit_sha: z.string(),
  root_directory: z.string(),
  /** A site, or a program that answers requests. */
  kind: z.enum(['static', 'node', 'python']),
  /** Null: none that is known. */
  framework: z.string().nullable(),
  /** A known framework or plain pages; something that builds; a guess. */
  confidence: z.enum(['high', 'medium', 'low']),
  /** Null: none is needed. */
  package_manager: z.string().nullable(),
  /** Null, as of the commands below: nothing is run. */
  install_command: z.string().nullable(),
  build_command: z.string().nullable(),
  /** How the program is started, with HOST and PORT set; null for a site. */
  start_command: z.string().nullable(),
  /** What the program runs on, e.g. `22` or `3.12`; null for a site. */
  runtime_version: z.string().nullable(),
  /** The file that Python packages are installed from; null: none. */
  python_dependencies: z.string().nullable(),
  /** The first of these that the build has made is published; `.` is the root directory itself. Empty for a program. */
  output_directories: z.array(z.string()),
  /** As the project asks for it, e.g. `22`, `v20.11.1`, `lts/iron` or `>=18`. */
  node_version: z.string().nullable(),
  /** Whether unknown addresses are answered with index.html if the build makes no other page. */
  spa: z.boolean(),
  /** Why it cannot be built as it is. */
  problem: z.string().nullable(),
  reasons: z.array(
    z.strictObject({
      about: z.enum([
        'kind',
        'framework',
        'package_manager',
        'install',
        'build',
        'output',
        'start',
        'node_version',
        'python_version',
        'spa',
      ]),
      text: z.string(),
    }),
  ),
  /** Folders with a package.json, requirements.txt, pyproject.toml or Pipfile, outermost first, at most 50: what may be root directories of projects. */
  package_directories: z.array(z.string()),
  /** The repository has more files than GitHub lists: something may have been overlooked. */
  truncated: z.boolean(),
});
export type RepositoryAnalysis = z.output<typeof repositoryAnalysis>;

const ofRepository = z.strictObject({ owner: z.string().max(39), repo: z.string().max(100) });
const codeHostErrors = ['code_host_unavailable', 'code_host_throttled', 'code_host_unauthorized'] as const;

export const listRepositories = endpoint({
  method: 'GET',
  path: '/api/v1/repositories',
  summary:
    'Your repositories at GitHub, the last pushed to first. A search looks for its words in their names; a page of it may be short, or empty, and still have a next one.',
  tag: 'repositories',
  access: 'repositories:read',
  params: noParams,
  query: pageQuery.extend({ search: z.string().trim().min(1).max(100).optional() }),
  body: null,
  output: z.array(repository),
  status: 200,
  paginated: true,
  errors: [...codeHostErrors],
});

export const listBranches = endpoint({
  method: 'GET',
  path: '/api/v1/repositories/{owner}/{repo}/branches',
  summary: 'The branches of a repository, by name.',
  tag: 'repositories',
  access: 'repositories:read',
  params: ofRepository,
  query: pageQuery,
  body: null,
  output: z.array(branch),
  status: 200,
  paginated: true,
  errors: ['repository_not_found', ...codeHostErrors],
});

export const analyzeRepository = endpoint({
  method: 'GET',
  path: '/api/v1/repositories/{owner}/{repo}/analysis',
  summary:
    'How a repository would be built, and why: what the build runner will decide unless the settings say otherwise.',
  tag: 'repositories',
  access: 'repositories:read',
  cost: 'expensive',
  params: ofRepository,
  query: z.strictObject({
    /** Default: the repository's default branch. */
    branch: z.string().min(1).max(255).optional(),
    root_directory: projectSettings.shape.root_directory.default(''),
  }),
  body: null,
  output: repositoryAnalysis,
  status: 200,
  paginated: false,
  errors: ['repository_not_found', 'branch_not_found', ...codeHostErrors],
});
