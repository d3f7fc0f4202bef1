import * as z from 'zod';
import { endpoint } from './endpoint.ts';
import { noParams, pageQuery } from './pagination.ts';
import { ofRepository } from './path-params.ts';
import { projectSettings } from './projects.ts';
import { shownTime } from './shown-time.ts';

export const repository = z
  .strictObject({
    id: z.int().describe('Its id on GitHub, which stays the same when it is renamed.'),
    full_name: z.string().describe('`owner/name`.'),
    default_branch: z.string().describe('Its default branch on GitHub.'),
    private: z.boolean().describe('Whether it is private on GitHub.'),
    pushed_at: shownTime.nullable().describe('When it was last pushed to; null if never.'),
    projects: z
      .array(
        z.strictObject({
          id: z.string().describe('The id of the project (`prj_…`).'),
          slug: z.string().describe('Its slug.'),
          root_directory: z.string().describe('The folder it is built from; empty for the root of the repository.'),
        }),
      )
      .describe('The projects you have imported from it. There can be several, e.g. one per folder of a monorepo.'),
  })
  .meta({ id: 'Repository', description: 'A repository on GitHub that you can see.' });
export type Repository = z.output<typeof repository>;

export const branch = z
  .strictObject({
    name: z.string().describe('The name of the branch.'),
    commit_sha: z.string().describe('The full id of its latest commit.'),
  })
  .meta({ id: 'Branch', description: 'A branch of a repository.' });

const repositoryAnalysis = z
  .strictObject({
    full_name: z.string().describe('`owner/name` of the repository.'),
    branch: z.string().describe('The branch that was looked at.'),
    commit_sha: z.string().describe('The commit that was looked at: its full id.'),
    root_directory: z.string().describe('The folder that was looked at; empty for the root of the repository.'),
    kind: z.enum(['static', 'node', 'python']).describe('A static site, or a Node.js or Python server.'),
    framework: z.string().nullable().describe('The framework that was recognized; null if none was.'),
    confidence: z
      .enum(['high', 'medium', 'low'])
      .describe('`high`: a known framework or plain pages; `medium`: there is a build; `low`: a guess.'),
    package_manager: z.string().nullable().describe('The package manager; null if none is needed.'),
    install_command: z.string().nullable().describe('How packages are installed; null: nothing is run.'),
    build_command: z.string().nullable().describe('How it is built; null: nothing is run.'),
    start_command: z
      .string()
      .nullable()
      .describe('How the server is started, with `HOST` and `PORT` set; null for a static site.'),
    runtime_version: z
      .string()
      .nullable()
      .describe(
        'The version of Node.js or Python that the server runs on, e.g. `22` or `3.12`; null for a static site.',
      ),
    python_dependencies: z
      .string()
      .nullable()
      .describe('The file that Python packages are installed from; null if there is none.'),
    output_directories: z
      .array(z.string())
      .describe(
        'Folders to publish: the first of them that exists after the build; `.` is the root directory itself. Empty for a server.',
      ),
    node_version: z
      .string()
      .nullable()
      .describe(
        'The version of Node.js the project asks for, as it writes it: `22`, `v20.11.1`, `lts/iron`, `>=18`; null if it does not say.',
      ),
    spa: z
      .boolean()
      .describe('Whether unknown addresses are answered with `index.html`, if the build makes no other page.'),
    problem: z.string().nullable().describe('Why it cannot be built as it is; null if it can.'),
    reasons: z
      .array(
        z.strictObject({
          about: z
            .enum([
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
            ])
            .describe('Which decision it explains.'),
          text: z.string().describe('The reason, as a sentence.'),
        }),
      )
      .describe('Why it would be built like this.'),
    package_directories: z
      .array(z.string())
      .describe(
        'Folders that could be root directories of projects: with a package.json, requirements.txt, pyproject.toml or Pipfile, outermost first, at most 50.',
      ),
    truncated: z
      .boolean()
      .describe('Whether the repository has more files than GitHub lists, so that something may have been missed.'),
  })
  .meta({ id: 'RepositoryAnalysis', description: 'How a repository would be built, and why.' });
export type RepositoryAnalysis = z.output<typeof repositoryAnalysis>;

const codeHostErrors = ['code_host_unavailable', 'code_host_throttled', 'code_host_unauthorized'] as const;

export const listRepositories = endpoint({
  method: 'GET',
  path: '/api/v1/repositories',
  summary:
    'Lists your repositories on GitHub, most recently pushed first. With `search`, a page can be short or even empty although more follow: go by `meta.next_cursor`.',
  tag: 'repositories',
  access: 'repositories:read',
  params: noParams,
  query: pageQuery.extend({
    search: z
      .string()
      .trim()
      .min(1)
      .max(100)
      .optional()
      .describe('Only repositories with all of these words in `owner/name`, in upper or lower case.'),
  }),
  body: null,
  output: z.array(repository),
  status: 200,
  paginated: true,
  errors: [...codeHostErrors],
});

export const listBranches = endpoint({
  method: 'GET',
  path: '/api/v1/repositories/{owner}/{repo}/branches',
  summary: 'Lists the branches of a repository, by name.',
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
    'Explains how a repository would be built: what the build runner decides where the settings of a project leave it to detection.',
  tag: 'repositories',
  access: 'repositories:read',
  cost: 'expensive',
  params: ofRepository,
  query: z.strictObject({
    branch: z
      .string()
      .min(1)
      .max(255)
      .optional()
      .describe('The branch to look at. Default: the default branch of the repository.'),
    root_directory: projectSettings.shape.root_directory
      .default('')
      .describe('The folder to look at; empty for the root of the repository.'),
  }),
  body: null,
  output: repositoryAnalysis,
  status: 200,
  paginated: false,
  errors: ['repository_not_found', 'branch_not_found', ...codeHostErrors],
});
