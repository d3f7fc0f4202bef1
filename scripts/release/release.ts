import { tablestoreBuildLog } from '@miaobu/shared/adapters/aliyun/tablestore-build-log';
import { connectEsa, connectFc } from './aliyun-clients.ts';
import { type Artifacts, buildArtifacts } from './build-artifacts.ts';
import { functionFolders } from './bundle-functions.ts';
import { callMigrate } from './call-migrate.ts';
import { checkHealth } from './check-health.ts';
import { deployCustomDomain } from './deploy-custom-domain.ts';
import { type DeployedFunction, deployFunction } from './deploy-function.ts';
import { ensureBucket } from './ensure-bucket.ts';
import { ensureKvNamespaces, ensureRoutine, ensureRoutineRoute } from './ensure-edge.ts';
import { publishEdgeRoutine } from './publish-edge-routine.ts';
import { publishLayer } from './publish-layer.ts';
import { parseYaml, readSYaml, readSYamlText } from './read-s-yaml.ts';
import { LAYER_NAME, type ReleaseConfig, variablesOf } from './release-config.ts';
import type { Steps } from './release-steps.ts';
import { folderOf, sYamlProblems } from './s-yaml-problems.ts';
import type { FunctionProps } from './s-yaml-schema.ts';
import { wakeDeploy } from './wake-deploy.ts';
import { writePackages } from './write-packages.ts';

const MIGRATE = 'migrate';
const DEPLOY = 'deploy';

/**
 * Brings an account in line with this checkout: what is missing is created, what differs is updated, what matches
 * is left alone. The schema comes first; nothing that could need it is replaced before `migrate` has done its work.
 */
export async function release(config: ReleaseConfig, steps: Steps): Promise<void> {
  const resourcesWith = await readCheckedSYaml(config);
  const publish = async () => {
    const build = () => buildArtifacts(config.cacheDirectory);
    const builtOrCached = (built: Artifacts) => (built.layerWasCached ? 'layer as before' : 'layer built');
    const [artifacts, fc] = await Promise.all([steps.run('build', build, builtOrCached), connectFc(config)]);
    const layer = await steps.run(
      'layer',
      () => publishLayer(fc, artifacts.layer),
      ({ arn, isNew }) => (isNew ? `published ${arn}` : `as before, ${arn}`),
    );
    return { artifacts, fc, layer };
  };
  const [{ artifacts, fc, layer }, { esa, runningVersion }] = await Promise.all([publish(), provision(config, steps)]);
  const publishRoutine = () => publishEdgeRoutine(esa, config, artifacts.edgeRoutine, runningVersion);
  const deployRoutine = () => steps.run('edge routine', publishRoutine, (isNew) => (isNew ? 'published' : 'as before'));
  const { packagesDirectory } = config;
  if (packagesDirectory !== undefined) {
    await deployRoutine();
    const write = () => writePackages(packagesDirectory, artifacts);
    return steps.run('packages', write, () => `written, for MIAOBU_LAYER_ARN=${layer.arn}`);
  }

  const resources = resourcesWith(layer.arn);
  const props = [...resources.functions.values()];
  const deploy = (one: FunctionProps): Promise<DeployedFunction> => {
    const zip = artifacts.functions.get(folderOf(one));
    if (!zip) throw new Error(`no package was built for ${one.functionName}`);
    return steps.run(
      `function ${one.functionName}`,
      () => deployFunction(fc, one, zip),
      ({ changes }) => (changes.length > 0 ? changes.join(', ') : 'as before'),
    );
  };
  const ofFolder = (folder: string): FunctionProps => {
    const found = props.find((one) => folderOf(one) === folder);
    if (!found) throw new Error(`s.yaml has no function ${folder}`);
    return found;
  };
  const migrate = ofFolder(MIGRATE);
  await deploy(migrate);
  const callIt = () => callMigrate(fc, migrate.functionName, config.migrateEvent);
  await steps.run('schema', callIt, (applied) => (applied.length > 0 ? applied.join(', ') : 'as before'));

  const [deployed] = await Promise.all([
    Promise.all(props.filter((one) => one !== migrate).map(deploy)),
    deployRoutine(),
  ]);
  const deployDomain = () => deployCustomDomain(fc, resources.domain);
  await steps.run('domain', deployDomain, (isNew) => `${resources.domain.domainName}${isNew ? '' : ' as before'}`);
  const origins = [...deployed.flatMap(({ url }) => url ?? []), config.cloud.controlOrigin];
  await steps.run('health', () => Promise.all(origins.map(checkHealth)));
  // Work that became due meanwhile need not wait for the timer.
  await steps.run('wake-up', () => wakeDeploy(fc, ofFolder(DEPLOY).functionName));
}

/**
 * s.yaml, which is checked before anything is touched, as a function of the one thing that is not known until then: the ARN
 * of the layer.
 */
async function readCheckedSYaml(config: ReleaseConfig) {
  const text = await readSYamlText();
  const resourcesWith = (layerArn: string) => readSYaml(text, variablesOf(config, layerArn));
  const someArn = `acs:fc:${config.cloud.region}:0:layers/${LAYER_NAME}/versions/0`;
  const problems = sYamlProblems(resourcesWith(someArn), parseYaml(text), await functionFolders());
  if (problems.length > 0) throw new Error(`s.yaml: ${problems.join('; ')}`);
  return resourcesWith;
}

/** What functions and edge require: each created unless it exists, all in parallel. */
async function provision(config: ReleaseConfig, steps: Steps) {
  const { cloud, credentials, endpoints } = config;
  const buildLog = tablestoreBuildLog({
    ...cloud.buildLog,
    endpoint: endpoints.tablestore,
    credentials: () => credentials,
  });
  const madeOrThere = (made: boolean) => (made ? 'made' : 'as before');
  const [esa] = await Promise.all([
    connectEsa(config),
    steps.run('bucket', () => ensureBucket(config), madeOrThere),
    steps.run('build log', () => buildLog.ensureTable()),
  ]);
  const routineReady = async () => {
    const runningVersion = await ensureRoutine(esa);
    await ensureRoutineRoute(esa, config);
    return runningVersion;
  };
  const [runningVersion] = await Promise.all([
    steps.run('edge', routineReady),
    steps.run(
      'edge storage',
      () => ensureKvNamespaces(esa),
      (made) => madeOrThere(made.length > 0),
    ),
  ]);
  return { esa, runningVersion };
}
