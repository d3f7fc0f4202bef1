import type { PlatformResources } from './read-s-yaml.ts';

/** Postgres's default `max_connections`, less what people, back-ups and the server's own processes need. */
const CONNECTIONS_FOR_FUNCTIONS = 90;

/** Variables that are the same in every account; the value of any other comes from the environment. */
const LITERALS = ['NODE_PATH', 'DATABASE_POOL_SIZE', 'DOORBELL_FUNCTION'];

/** A code package of a resource belongs to the folder of `functions/` with this name. */
export const folderOf = ({ code }: { readonly code: string }) => code.replace(/^.*\/|\.zip$/g, '');

/** Connections to Postgres when every function runs as many instances as it may. */
export const mostConnections = ({ functions }: PlatformResources) =>
  [...functions.values()].reduce(
    (sum, { concurrencyConfig, environmentVariables }) =>
      sum + concurrencyConfig.reservedConcurrency * Number(environmentVariables.DATABASE_POOL_SIZE),
    0,
  );

/**
 * What is wrong with s.yaml although each resource by itself matches the schema. `written` is the document before
 * anything was filled in, `folders` are the functions there are.
 */
export function sYamlProblems(resources: PlatformResources, written: unknown, folders: readonly string[]): string[] {
  const { functions, domain } = resources;
  const names = new Set([...functions.values()].map(({ functionName }) => functionName));
  const described = [...functions.values()].map(folderOf);
  const problems = [
    ...folders.filter((folder) => !described.includes(folder)).map((folder) => `functions/${folder} is not in s.yaml`),
    ...described
      .filter((folder) => !folders.includes(folder))
      .map((folder) => `there is no functions/${folder} with a handler`),
    ...domain.routeConfig.routes
      .filter(({ functionName }) => !names.has(functionName))
      .map(({ path, functionName }) => `the route ${path} leads to ${functionName}, which is not in s.yaml`),
    ...writtenSecrets(written),
  ];
  for (const [key, props] of functions) {
    const folder = folderOf(props);
    const expected = { key: `${folder.replaceAll('-', '_')}_function`, name: `miaobu-${folder}` };
    if (key !== expected.key) problems.push(`${key}: the resource of functions/${folder} is ${expected.key}`);
    if (props.functionName !== expected.name) problems.push(`${key}: its functionName must be ${expected.name}`);
    const official = `acs:fc:${props.region}:official:layers/Nodejs22/versions/`;
    if (props.layers.length !== 2 || !props.layers[0]?.startsWith(official))
      problems.push(`${key}: its layers must be Nodejs22 of its region, and ours`);
    const { DOORBELL_FUNCTION: woken } = props.environmentVariables;
    if (woken !== undefined && !names.has(woken)) problems.push(`${key}: it wakes ${woken}, which is not in s.yaml`);
    // A public request must not be able to look like an event.
    const types = new Set(props.triggers?.map(({ triggerType }) => triggerType));
    if (types.has('http') && types.size > 1) problems.push(`${key}: an HTTP trigger excludes others`);
  }
  const connections = mostConnections(resources);
  // Written so that NaN, a missing pool size, is a problem too.
  if (!(connections <= CONNECTIONS_FOR_FUNCTIONS))
    problems.push(`${connections} connections to Postgres are possible, and ${CONNECTIONS_FOR_FUNCTIONS} allowed`);
  return problems;
}

function writtenSecrets(written: unknown): string[] {
  const { resources = {} } = written as { resources?: Record<string, { props?: { environmentVariables?: object } }> };
  return Object.entries(resources).flatMap(([key, { props }]) =>
    Object.entries(props?.environmentVariables ?? {})
      .filter(([name, value]) => !LITERALS.includes(name) && !/^\$\{env\('\w+'(, '[^']*')?\)\}$/.test(String(value)))
      .map(([name]) => `${key}: the value of ${name} must come from the environment`),
  );
}
