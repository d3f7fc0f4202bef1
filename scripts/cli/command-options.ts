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
  branch: { type: 'string', short: 'b', value: 'branch', help: 'only this branch' },
  commit: { type: 'string', value: 'commit', help: 'a commit instead of a branch' },
  status: { type: 'string', value: 'status', help: 'only this status: queued, building, deployed, failed, …' },
  name: { type: 'string', value: 'text', help: 'name of the project; default: that of the repository' },
  slug: { type: 'string', value: 'slug', help: 'its part of hostnames; default: made from the name' },
  root: { type: 'string', value: 'folder', help: 'the folder in the repository; default: its root' },
  'install-command': { type: 'string', value: 'command', help: 'default: detected; "" runs nothing' },
  'build-command': { type: 'string', value: 'command', help: 'default: detected; "" runs nothing' },
  output: { type: 'string', value: 'folder', help: 'the folder to publish; default: detected' },
  'start-command': { type: 'string', value: 'command', help: 'default: detected; "": a static site' },
  runtime: { type: 'string', value: 'kind', help: 'static, node or python; default: detected' },
  detect: { type: 'string', value: 'settings', help: 'settings to detect again: build-command,output,…' },
  message: { type: 'string', short: 'm', value: 'text', help: 'a note for the list of deployments' },
  'no-wait': { type: 'boolean', help: 'return as soon as the deployment is queued' },
  follow: { type: 'boolean', short: 'f', help: 'keep printing until the deployment ends' },
  limit: { type: 'string', short: 'n', value: 'n', help: 'how many; default: 20' },
  scope: { type: 'string', value: 'scope', help: 'build, runtime or both; default: both' },
  plain: { type: 'boolean', help: 'not a secret: its value stays readable' },
  file: { type: 'string', value: 'path', help: 'read the value from a file' },
  keep: { type: 'boolean', help: 'fail instead of replacing variables that exist' },
  'auto-promote': { type: 'string', value: 'on|off', help: 'whether new deployments go live automatically' },
  from: { type: 'string', value: 'day', help: 'the first day, like 2026-01-01; default: the 1st of the month' },
  to: { type: 'string', value: 'day', help: 'the last day; default: today' },
  token: { type: 'boolean', help: 'read an API token from standard input' },
  overlap: { type: 'string', value: 'hours', help: 'how long the old secret is still accepted; default: 24, at most' },
  yes: { type: 'boolean', short: 'y', help: 'do not ask for confirmation' },
  'api-url': {
    type: 'string',
    value: 'url',
    help: 'default: where you signed in last, or the local cloud',
  },
  json: { type: 'boolean', help: 'print JSON' },
  help: { type: 'boolean', short: 'h', help: 'show help for a command' },
  version: { type: 'boolean', short: 'v', help: 'print the version of this program' },
} as const satisfies Record<string, OptionEntry> & ParseArgsOptionsConfig;

export type OptionName = keyof typeof commandOptions;
export type OptionValues = {
  readonly [Name in OptionName]?:
    | ((typeof commandOptions)[Name]['type'] extends 'boolean' ? boolean : string)
    | undefined;
};

export const globalOptions = ['api-url', 'json', 'help', 'version'] as const satisfies readonly OptionName[];
