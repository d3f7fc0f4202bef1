import { readFileSync } from 'node:fs';
import * as slices from '@miaobu/shared/runtime/config';
import { describe, expect, test } from 'vitest';
import { bundleFunctions, functionFolders, handlerOf } from './bundle-functions.ts';
import { type PlatformResources, parseYaml, readSYaml, readSYamlText } from './read-s-yaml.ts';
import { folderOf, mostConnections, sYamlProblems } from './s-yaml-problems.ts';
import { exampleEnvironment } from './testing/example-environment.ts';

const text = await readSYamlText();
const resources = readSYaml(text, exampleEnvironment());
const folders = await functionFolders();

describe('s.yaml', () => {
  test('has no problems', () => {
    expect(sYamlProblems(resources, parseYaml(text), folders)).toEqual([]);
  });

  test('asks for the variables of .env.example, all of them and no other', () => {
    const asked = [...text.matchAll(/\$\{env\('(\w+)'/g)].map(([, name]) => name);
    expect([...new Set(asked)].sort()).toEqual(Object.keys(exampleEnvironment()).sort());
  });

  test.each(folders)('gives functions/%s what its handler reads, and nothing else', (folder) => {
    const props = [...resources.functions.values()].find((one) => folderOf(one) === folder);
    const given = Object.keys(props?.environmentVariables ?? {}).filter((name) => name !== 'NODE_PATH');
    expect(given.sort()).toEqual(variablesReadBy(readFileSync(handlerOf(folder), 'utf8')));
  });

  test('leaves Postgres enough connections when every function runs at its maximum concurrency', () => {
    expect(mostConnections(resources)).toBeLessThanOrEqual(90);
  });

  test('starts every function with a file that its package has', async () => {
    const { zips } = await bundleFunctions();
    for (const props of resources.functions.values()) {
      expect(zips.has(folderOf(props)), props.functionName).toBe(true);
      expect(props.customRuntimeConfig.command).toEqual(['/opt/nodejs22/bin/node', '/code/index.js']);
    }
  });

  test('leads paths of the control plane to the functions that serve them', () => {
    const routes = resources.domain.routeConfig.routes.map(({ path, functionName }) => [path, functionName]);
    expect(routes).toEqual([
      ['/webhooks/*', 'miaobu-webhook'],
      ['/builds/*', 'miaobu-build-callback'],
      ['/*', 'miaobu-api'],
    ]);
  });
});

describe('the checks refuse', () => {
  const withText = (from: string, to: string) => {
    expect(text).toContain(from);
    return text.replace(from, to);
  };
  const reading = (changed: string) => () => readSYaml(changed, exampleEnvironment());
  const problemsOf = (changed: string, has: readonly string[] = folders) =>
    sYamlProblems(readSYaml(changed, exampleEnvironment()), parseYaml(changed), has);

  test('a misspelt key, which fc3 lets pass', () => {
    expect(reading(withText('instanceConcurrency: 20', 'instanceConcurency: 20'))).toThrow(/instanceConcurency/);
    expect(reading(withText('authType: anonymous', 'authtype: anonymous'))).toThrow(/authtype/);
  });

  test('a resource with the name of a command of s, which would be run instead', () => {
    expect(reading(withText('  deploy_function:\n', '  deploy:\n'))).toThrow(/must end in _function or _domain/);
  });

  test('values Function Compute would not take', () => {
    expect(reading(withText('timeout: 30', "timeout: '30'"))).toThrow(/webhook_function.props.timeout/);
    expect(reading(withText('cpu: 0.25', 'cpu: 2'))).toThrow(/1 to 4 GB of memory/);
    expect(reading(withText('runtime: custom.debian11', 'runtime: nodejs22'))).toThrow(/runtime/);
  });

  test('an environment above 4 KB', () => {
    const long = { ...exampleEnvironment(), GITHUB_API_URL: `https://${'a'.repeat(4096)}.test` };
    expect(() => readSYaml(text, long)).toThrow(/the limit is 4096/);
  });

  test('a function without a folder, and a folder without a function', () => {
    expect(problemsOf(text, [...folders, 'chat'])).toEqual(['functions/chat is not in s.yaml']);
    const fewer = folders.filter((folder) => folder !== 'api');
    expect(problemsOf(text, fewer)).toEqual(['there is no functions/api with a handler']);
  });

  test('a secret that is written down', () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the expressions of s.yaml look like this
    const changed = withText("MIAOBU_ROOT_KEY: ${env('MIAOBU_ROOT_KEY')}", 'MIAOBU_ROOT_KEY: c2VjcmV0');
    expect(problemsOf(changed)).toContain(
      'webhook_function: the value of MIAOBU_ROOT_KEY must come from the environment',
    );
  });

  test('more connections than Postgres has', () => {
    const changed = withText('reservedConcurrency: 8', 'reservedConcurrency: 80');
    expect(problemsOf(changed)).toEqual([expect.stringMatching(/^\d+ connections to Postgres are possible/)]);
  });

  test('a public request that could look like an event', () => {
    const functions = new Map(resources.functions);
    const timer = resources.functions.get('deploy_function')?.triggers ?? [];
    const api = resources.functions.get('api_function');
    if (!api) throw new Error('no api');
    functions.set('api_function', { ...api, triggers: [...(api.triggers ?? []), ...timer] });
    const changed: PlatformResources = { ...resources, functions };
    expect(sYamlProblems(changed, {}, folders)).toEqual(['api_function: an HTTP trigger excludes others']);
  });
});

/** The variables of the slices that a handler names in `readConfig([…])`, but those Function Compute sets itself. */
function variablesReadBy(handler: string): string[] {
  const [, list = ''] = /readConfig\(\[([^\]]*)\]\)/.exec(handler) ?? [];
  const names = list.split(',').flatMap((name) => name.trim() || []);
  const bySlice = new Map(Object.entries(slices));
  const variables = names.flatMap((name) => {
    const slice = bySlice.get(name);
    if (typeof slice !== 'object' || !('shape' in slice)) throw new Error(`${name} is not a slice`);
    return Object.keys(slice.shape);
  });
  return variables.filter((name) => !/^(FC_|ALIBABA_CLOUD_)/.test(name)).sort();
}
