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
  name: { type: 'string', value: 'text', help: "the project's name; default: the repository's" },
  branch: {
    type: 'string',
    value: 'branch',
    help: "what goes to production; default: the repository's default branch",
  },
  slug: { type: 'string', value: 'slug', help: 'its name in hostnames; default: made from the name' },
  root: { type: 'string', value: 'folder', help: "the project's folder in the repository" },
  'install-command': { type: 'string', value: 'command', help: "default: detected; '' runs nothing" },
  'build-command': { type: 'string', value: 'command', help: "default: detected; '' runs nothing" },
  output: { type: 'string', value: 'folder', help: 'where the build leaves the site; default: detected' },
  'no-wait': { type: 'boolean', help: 'return as soon as the first deployment is queued' },
  follow: { type: 'boolean', short: 'f', help: 'go on until the deployment ends' },
  limit: { type: 'string', value: 'n', help: 'how many; default: 20' },
  'api-url': { type: 'string', value: 'url', help: 'the API; default: MIAOBU_API_URL, else your local Miaobu' },
  token: {
    type: 'string',
    value: 'token',
    help: 'who asks; default: MIAOBU_TOKEN, else the operator of your local Miaobu',
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

export const globalOptions = ['api-url', 'token', 'json', 'help'] as const satisfies readonly OptionName[];
