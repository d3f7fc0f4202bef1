import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Credentials } from '../account.ts';

/** What an instance of a function is started from: one version of its code and settings. */
export interface InstancePlan {
  readonly functionName: string;
  readonly handler: string;
  readonly memorySize: number;
  /** Seconds one request may take. */
  readonly timeout: number;
  readonly concurrency: number;
  readonly command: readonly string[];
  readonly environmentVariables: Readonly<Record<string, string>>;
  /** CAPort: where the function says it listens. */
  readonly port: number;
  /** Seconds the hooks may take; undefined where one is not configured. */
  readonly initializerTimeout: number | undefined;
  readonly preStopTimeout: number | undefined;
  readonly codeDirectory: string;
  readonly optDirectory: string;
  readonly codeChecksum: string;
  readonly credentials: Credentials | undefined;
  readonly region: string;
  readonly accountId: string;
}

/** How one instance is spawned. */
export interface Launch {
  readonly file: string;
  readonly args: readonly string[];
  readonly environment: Record<string, string>;
}

const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * Puts a plan onto this machine: `/code` and `/opt` become the folders the packages were unpacked into, the configured
 * port becomes the free one of this instance, and the environment is the function's and FC's, nothing of ours.
 * `homeDirectory` is made, and is the instance's own.
 */
export function launchOf(plan: InstancePlan, instanceId: string, port: number, homeDirectory: string): Launch {
  const temporary = path.join(homeDirectory, 'tmp');
  mkdirSync(temporary, { recursive: true });
  const moved = (text: string) => moveFolders(text, plan);
  const [file = '', ...args] = plan.command.map((word) => movePort(moved(word), plan.port, port));
  const own = Object.fromEntries(
    Object.entries(plan.environmentVariables).map(([name, value]) => [
      name,
      value === String(plan.port) ? String(port) : moved(value),
    ]),
  );
  return {
    file,
    args,
    environment: {
      PATH: `${SYSTEM_PATH}:${path.join(plan.optDirectory, 'bin')}`,
      HOME: homeDirectory,
      TMPDIR: temporary,
      LANG: 'C.UTF-8',
      ...own,
      PORT: String(port),
      FC_SERVER_PORT: String(port),
      FC_CUSTOM_LISTEN_PORT: String(port),
      FC_FUNCTION_NAME: plan.functionName,
      FC_FUNCTION_HANDLER: plan.handler,
      FC_FUNCTION_MEMORY_SIZE: String(plan.memorySize),
      FC_REGION: plan.region,
      FC_ACCOUNT_ID: plan.accountId,
      FC_INSTANCE_ID: instanceId,
      ...credentialVariables(plan.credentials),
    },
  };
}

function credentialVariables(credentials: Credentials | undefined): Record<string, string> {
  if (!credentials) return {};
  return {
    ALIBABA_CLOUD_ACCESS_KEY_ID: credentials.accessKeyId,
    ALIBABA_CLOUD_ACCESS_KEY_SECRET: credentials.accessKeySecret,
    ALIBABA_CLOUD_SECURITY_TOKEN: credentials.securityToken ?? '',
  };
}

/** `/code` or `/opt` as a whole path or its beginning, not inside another path or a web address. */
const FOLDER = /(?<=^|file:\/\/|[\s:=,;"'([])\/(code|opt)(?=$|[\s/:,;"')\]])/g;

export function moveFolders(text: string, folders: Pick<InstancePlan, 'codeDirectory' | 'optDirectory'>): string {
  return text.replace(FOLDER, (_, folder: string) =>
    folder === 'code' ? folders.codeDirectory : folders.optDirectory,
  );
}

/** The port where a command names it: `9000`, `--port=9000`, `0.0.0.0:9000`. */
export function movePort(word: string, from: number, to: number): string {
  return word.replace(new RegExp(`(?<=^|[=:\\s])${from}(?=$|\\s)`, 'g'), String(to));
}
