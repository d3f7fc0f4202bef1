import path from 'node:path';
import { apiTokenHash } from '@miaobu/shared/kernel/api-token';
import { LOCAL_REGION } from './aliyun/account.ts';
import { GITHUB_PATH } from './gateway.ts';
import {
  BUCKET,
  CLIENT_ID,
  CONTROL_HOST,
  type LocalCloud,
  OPERATOR,
  SITES_HOST,
  TABLESTORE_INSTANCE,
} from './local-cloud.ts';
import { BUILDS_REPOSITORY, BUILDS_WORKFLOW } from './platform-workflow.ts';
import type { Progress } from './progress.ts';
import { runScript } from './run-script.ts';

/** Where a state folder keeps what was built for its last releases. */
export const releaseCache = (home: string) => path.join(home, 'release');

/** The configuration of a release into this local cloud: the same as an operator would write for a real account. */
function releaseConfig(cloud: LocalCloud) {
  const { cloudUrl, frontPort, secrets, account } = cloud;
  const { host } = new URL(cloudUrl);
  return {
    credentials: account.operator,
    endpoints: { fc: cloudUrl, esa: cloudUrl, oss: cloudUrl, tablestore: cloudUrl },
    cacheDirectory: releaseCache(cloud.home),
    environment: {
      ALIYUN_REGION: LOCAL_REGION,
      DATABASE_URL: cloud.databaseUrl,
      MIAOBU_ROOT_KEY: secrets.rootKey,
      CONTROL_ORIGIN: `http://localhost:${frontPort}`,
      CONTROL_DOMAIN: CONTROL_HOST,
      SITES_ORIGIN: `http://${SITES_HOST}:${frontPort}`,
      OSS_ENDPOINT: cloudUrl,
      OSS_PUBLIC_ENDPOINT: cloudUrl,
      OSS_BUCKET: BUCKET,
      OSS_PATH_STYLE: 'true',
      ESA_ENDPOINT: cloudUrl,
      ESA_SITE_ID: String(cloud.esaSiteId),
      ALIDNS_ENDPOINT: cloudUrl,
      DNS_ZONE: SITES_HOST,
      TABLESTORE_ENDPOINT: cloudUrl,
      TABLESTORE_INSTANCE,
      DOORBELL_ENDPOINT: cloudUrl,
      GITHUB_API_URL: `http://${host}${GITHUB_PATH}/api/v3`,
      GITHUB_WEB_URL: `http://localhost:${frontPort + 1}${GITHUB_PATH}`,
      GITHUB_CLIENT_ID: CLIENT_ID,
      BUILD_REPOSITORY: BUILDS_REPOSITORY,
      BUILD_WORKFLOW: BUILDS_WORKFLOW,
      // Benchmarks send more requests than the limits allow.
      ...(process.env.RATE_LIMIT_SCALE && { RATE_LIMIT_SCALE: process.env.RATE_LIMIT_SCALE }),
      // *.localhost does not resolve for Node.
      SITES_PROBE_ORIGIN: `http://127.0.0.1:${frontPort}`,
      MIAOBU_ROLE_ARN: `acs:ram::${account.accountId}:role/miaobu`,
      MIAOBU_VPC_ID: 'vpc-local',
      MIAOBU_VSWITCH_ID: 'vsw-local',
      MIAOBU_SECURITY_GROUP_ID: 'sg-local',
      MIAOBU_LOG_PROJECT: 'miaobu-local',
      MIAOBU_LOG_STORE: 'functions',
    },
    migrateEvent: {
      operator: {
        github_id: OPERATOR.id,
        github_login: OPERATOR.login,
        github_token: secrets.gitToken,
        api_token: {
          name: 'npm start',
          prefix: secrets.apiToken.slice(0, 12),
          sha256: apiTokenHash(secrets.apiToken)?.toString('hex'),
        },
      },
      // Whatever an earlier start had in progress ended with it, in whatever way.
      after_stop: true,
      secrets: { 'github-actions-token': secrets.actionsToken, 'github-client-secret': secrets.clientSecret },
    },
  };
}

interface ReleaseStep {
  readonly step: string;
  readonly ms: number;
}

function readStep(line: string): ReleaseStep | undefined {
  try {
    const { step, ms } = JSON.parse(line) as Partial<ReleaseStep>;
    return typeof step === 'string' && typeof ms === 'number' ? { step, ms } : undefined;
  } catch {
    return undefined;
  }
}

/** Releases the platform into the local cloud over the wire, in a process of its own. */
export async function deployPlatform(cloud: LocalCloud, progress: Progress): Promise<void> {
  const done = progress.step('the platform, deployed over the wire');
  const steps: ReleaseStep[] = [];
  await runScript('scripts/release/release-platform.ts', [], {
    reaper: cloud.reaper,
    log: cloud.log,
    input: JSON.stringify(releaseConfig(cloud)),
    onLine(line) {
      cloud.log.lines('release')(line);
      const step = readStep(line);
      if (step) steps.push(step);
    },
  });
  done();
  for (const { step, ms } of steps) progress.detail(step, ms);
}
