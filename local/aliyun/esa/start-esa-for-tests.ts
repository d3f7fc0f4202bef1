import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startReaper } from '../../processes/reaper.ts';
import { listen } from '../../wire/emulator.ts';
import { createAccount } from '../account.ts';
import { createOssEmulator } from '../oss/create-oss-emulator.ts';
import { createEsaEmulator, type EsaEmulatorOptions } from './esa-emulator.ts';
import { sendToEdge, type VisitorRequest } from './testing/send-to-edge.ts';

export const TEST_SITE = 'sites.localhost';
const CODE_BUCKET = 'esa-routine-code';

/** ESA with its edge and an OSS to read from and upload to, in a directory of its own that is deleted with it. */
export async function startEsaForTests(options: Partial<EsaEmulatorOptions> = {}) {
  const directory = mkdtempSync(path.join(tmpdir(), 'miaobu-esa-'));
  const account = createAccount('a seed for tests');
  const reaper = startReaper();
  const oss = createOssEmulator({ account, stateDirectory: directory, region: account.region });
  oss.putBucket(CODE_BUCKET);
  const ossServer = await listen(oss);
  const log: string[] = [];
  const settings: EsaEmulatorOptions = {
    account,
    stateDirectory: directory,
    siteNames: [TEST_SITE],
    uploadTarget: {
      ossUrl: ossServer.url,
      bucket: CODE_BUCKET,
      credentials: account.operator,
      readObject: oss.readObject,
    },
    ossOrigin: { endpoint: ossServer.url, credentials: account.operator },
    reaper,
    log: (line) => void log.push(line),
    ...options,
  };
  let esa = createEsaEmulator(settings);
  const server = await listen({ handle: (request, response) => esa.handle(request, response) });

  return {
    account,
    oss,
    log,
    port: server.port,
    url: server.url,
    ossUrl: ossServer.url,
    get esa() {
      return esa;
    },
    siteId: esa.sites[0]?.siteId ?? 0,
    async visit(request: VisitorRequest) {
      await esa.edge.ready();
      return sendToEdge(esa.edge.port, request);
    },
    /** Stops everything and starts it again from disk, as when the local cloud restarts. */
    async reopen() {
      await esa.close();
      esa = createEsaEmulator(settings);
    },
    async close() {
      await esa.close();
      await Promise.all([server.close(), ossServer.close()]);
      await oss.close();
      await reaper.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

export type EsaForTests = Awaited<ReturnType<typeof startEsaForTests>>;
