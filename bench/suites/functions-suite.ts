import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createFunctionLogs } from '../../local/aliyun/fc/function-logs.ts';
import type { InstancePlan } from '../../local/aliyun/fc/instance-launch.ts';
import { startReaper } from '../../local/processes/reaper.ts';
import { withPlatform } from '../measuring/bench-platform.ts';
import type { Figure, Suite } from '../measuring/figure.ts';
import { type FunctionKind, firstAnswerMs } from '../measuring/first-answer.ts';
import { readReleasedFunctions } from '../measuring/function-plans.ts';

const ROUNDS = 15;
const TARGET_MS = { web: 150, event: 400 } as const satisfies Record<FunctionKind, number>;
const EVENT_FUNCTIONS: ReadonlySet<string> = new Set(['miaobu-deploy', 'miaobu-cleanup', 'miaobu-migrate']);

/** The minimum any function can take here: Node, and a server that says yes. */
const BARE_SERVER = `require('node:http').createServer((_, response) => response.end()).listen(process.env.FC_SERVER_PORT, '0.0.0.0');\n`;

function bareFunction(plan: InstancePlan, directory: string): InstancePlan {
  mkdirSync(directory, { recursive: true });
  writeFileSync(path.join(directory, 'index.js'), BARE_SERVER);
  writeFileSync(path.join(directory, 'package.json'), '{"type":"commonjs"}\n');
  return { ...plan, functionName: 'bare-server', codeDirectory: directory, preStopTimeout: undefined };
}

const kilobytes = (name: string, bytes: number): Figure => ({ name, unit: 'KB', samples: [bytes / 1000] });

export const functionsSuite: Suite = {
  name: 'functions',
  about: 'how big each function is, and how long it takes from process start to its first answer',
  run: (say) =>
    withPlatform(async (platform) => {
      const workDirectory = path.join(platform.home, 'bench');
      const homesDirectory = path.join(workDirectory, 'instances');
      mkdirSync(homesDirectory, { recursive: true });
      const { functions, layers } = await readReleasedFunctions(platform, workDirectory);
      const [some] = functions;
      if (!some) throw new Error('the platform has released no function');
      const reaper = startReaper();
      const logs = createFunctionLogs(path.join(workDirectory, 'logs'), () => {}, Date.now);
      const host = { homesDirectory, reaper, logs, startTimeoutMs: 30_000, endGraceMs: 5_000 };

      const kindOf = (name: string): FunctionKind => (EVENT_FUNCTIONS.has(name) ? 'event' : 'web');
      const measured = [
        { plan: bareFunction(some.plan, path.join(workDirectory, 'bare')), kind: 'web' as const },
        ...functions.map(({ plan }) => ({ plan, kind: kindOf(plan.functionName) })),
      ].map((subject) => ({ ...subject, samples: [] as number[] }));
      try {
        // In turns, so that other activity on this machine affects all equally. The first round fills the file cache.
        for (let round = 0; round <= ROUNDS; round += 1) {
          for (const { plan, kind, samples } of measured) {
            const ms = await firstAnswerMs(host, plan, kind);
            if (round > 0) samples.push(ms);
          }
          say(`round ${round} of ${ROUNDS}`);
        }
      } finally {
        await logs.close();
        await reaper.close();
      }
      return [
        ...measured.map(({ plan, kind, samples }): Figure => {
          if (plan.functionName === 'bare-server') {
            return { name: 'process start → first answer: Node with an empty server', unit: 'ms', samples };
          }
          const name = `process start → first answer: ${plan.functionName} (${kind})`;
          return { name, unit: 'ms', samples, target: { relation: '≤', value: TARGET_MS[kind] } };
        }),
        ...functions.map(({ plan, zipBytes }) => kilobytes(`zip of ${plan.functionName}`, zipBytes)),
        ...functions.map(({ plan, bundleBytes }) => kilobytes(`index.js of ${plan.functionName}`, bundleBytes)),
        ...layers.flatMap(({ zipBytes, unpackedBytes }) => [
          kilobytes('zip of the layer', zipBytes),
          kilobytes('the layer, unpacked', unpackedBytes),
        ]),
      ];
    }),
};
