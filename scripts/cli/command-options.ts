import type { ParseArgsOptionsConfig } from 'node:util';

interface OptionEntry {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  /** What stands for the value in the help. */
  readonly value?: string;
  readonly help: string;
}

/** Every option of every command. */
export const commandOptions = {
  project: {
    type: 'string',
    short: 'p',
    value: 'project',
    help: 'slug or id; default: the project of this folder’s repository',
  },
  environment: { type: 'string', short: 'e', value: 'name', help: 'default: production' },
  branch: { type: 'string', short: 'b', value: 'branch', help: 'of this branch only' },
  commit: { type: 'string', value: 'commit', help: 'a commit, instead of the head of a branch' },
  status: { type: 'string', value: 'status', help: 'of this status only: queued, building, deployed, failed, …' },
  name: { type: 'string', value: 'text', help: 'the project’s name; default: the repository’s' },
  slug: { type: 'string', value: 'slug', help: 'its name in hostnames; default: made from the name' },
  root: { type: 'string', value: 'folder', help: 'the project’s folder in the repository' },
  'install-command': { type: 'string', value: 'command', help: 'default: detected; ‘’ runs nothing' },
  'build-command': { type: 'string', value: 'command', help: 'default: detected; ‘’ runs nothing' },
  output: { type: 'string', value: 'folder', help: 'where the build leaves the site; default: detected' },
  'start-command': { type: 'string', value: 'command', help: 'default: detected; ‘’ makes it a site' },
  runtime: { type: 'string', value: 'kind', help: 'static, node or python; default: detected' },
  message: { type: 'string', short: 'm', value: 'text', help: 'what is deployed, for the list of deployments' },
  'no-wait': { type: 'boolean', help: 'return as soon as the deployment is queued' },
  follow: { type: 'boolean', short: 'f', help: 'go on until the deployment ends' },
  limit: { type: 'string', short: 'n', value: 'n', help: 'how many; default: 20' },
  scope: { type: 'string', value: 'scope', help: 'where it exists: build, runtime or both; default: both' },
  plain: { type: 'boolean', help: 'no secret: its value can be read again' },
  file: { type: 'string', value: 'path', help: 'take the value from a file' },
  keep: { type: 'boolean', help: 'refuse, rather than replace, when one of them is there already' },
  'auto-promote': { type: 'string', value: 'on|off', help: 'whether what is built goes live by itself' },
  from: { type: 'string', value: 'day', help: 'the first day, like 2026-01-01; default: the 1st of the month' },
  to: { type: 'string', value: 'day', help: 'the last day; default: today' },
  token: { type: 'boolean', help: 'take an API token from standard input instead of asking in a browser' },
  yes: { type: 'boolean', short: 'y', help: 'do not ask' },
  'api-url': {
    type: 'string',
    value: 'url',
    help: 'default: where you signed in last, else your local Miaobu',
  },
  json: { type: 'boolean', help: 'print JSON, for programs' },
  help: { type: 'boolean', short: 'h', help: 'tell about a command' },
} as const satisfies Record<string, OptionEntry> & ParseArgsOptionsConfig;

export type OptionName = keyof typeof commandOptions;
export type OptionValues = {
  readonly [Name in OptionName]?:
    | ((typeof commandOptions)[Name]['type'] extends 'boolean' ? boolean : string)
    | undefined;
};

export const globalOptions = ['api-url', 'json', 'help'] as const satisfies readonly OptionName[];
