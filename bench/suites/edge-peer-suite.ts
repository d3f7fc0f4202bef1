import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { withPlatform } from '../measuring/bench-platform.ts';
import { closedLoop, type Load, type LoadTarget } from '../measuring/closed-loop.ts';
import { type Figure, quantile, type Suite } from '../measuring/figure.ts';
import { importSite } from '../measuring/measured-site.ts';

const CONNECTIONS = 10;
const WARM_UP_MS = 1_000;
const DURATION_MS = 5_000;
const ROUNDS = 3;
const PAGE = `<!doctype html><title>bench</title>\n${'<p>Some kilobytes of text, as a page has them.</p>\n'.repeat(160)}`;

const staticServer = path.resolve(import.meta.dirname, '..', 'measuring', 'plain-static-server.ts');

/** The peer, in a process of its own as the edge is. */
async function startStaticServer(folder: string) {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', staticServer, folder], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return {
    port: Number(line.toString()),
    async stop() {
      const ended = once(child, 'exit');
      child.stdin.end();
      await ended;
    },
  };
}

function figuresOf(name: string, loads: readonly Load[]): Figure[] {
  const latency = (share: number) =>
    loads.map(({ latenciesMs }) =>
      quantile(
        latenciesMs.toSorted((a, b) => a - b),
        share,
      ),
    );
  return [
    { name, unit: 'requests/s', samples: loads.map(({ requestsPerSecond }) => requestsPerSecond) },
    { name: '  latency, median', unit: 'ms', samples: latency(0.5) },
    { name: '  latency, 99 of 100', unit: 'ms', samples: latency(0.99) },
  ];
}

export const edgePeerSuite: Suite = {
  name: 'peer',
  about: `one page of ${Math.round(PAGE.length / 1000)} KB, again and again: the local edge beside a plain static server of Node`,
  run: (say) =>
    withPlatform(async (platform) => {
      const folder = path.join(platform.home, 'bench');
      mkdirSync(folder, { recursive: true });
      writeFileSync(path.join(folder, 'page.html'), PAGE);
      const { site } = await importSite(platform, 'peer', { 'index.html': '<h1>peer</h1>\n', 'page.html': PAGE });
      const { host, port } = new URL(site.project.url);
      const peer = await startStaticServer(folder);
      const common = { path: '/page.html', body: Buffer.from(PAGE) };
      const edgeTarget: LoadTarget = { ...common, host, port: Number(port) };
      const peerTarget: LoadTarget = { ...common, host: `127.0.0.1:${peer.port}`, port: peer.port };
      const edge: Load[] = [];
      const plain: Load[] = [];
      try {
        for (const target of [edgeTarget, peerTarget]) await closedLoop(target, CONNECTIONS, WARM_UP_MS);
        for (let round = 1; round <= ROUNDS; round += 1) {
          edge.push(await closedLoop(edgeTarget, CONNECTIONS, DURATION_MS));
          plain.push(await closedLoop(peerTarget, CONNECTIONS, DURATION_MS));
          say(`round ${round} of ${ROUNDS}`);
        }
      } finally {
        await peer.stop();
        site.remove();
      }
      const [edgeFirst, ...edgeRest] = figuresOf('local edge', edge);
      const [plainFirst, ...plainRest] = figuresOf('node:http + fs.createReadStream', plain);
      if (!edgeFirst || !plainFirst) return [];
      return [
        {
          ...edgeFirst,
          note: 'front door → edge host → routine: hostname, routing table, and the file through the cache of the edge',
        },
        ...edgeRest,
        { ...plainFirst, note: 'one process, one folder: no hostnames, no releases' },
        ...plainRest,
      ];
    }),
};
