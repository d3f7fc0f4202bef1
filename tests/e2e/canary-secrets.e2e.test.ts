import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { type ApiClient, createClient, createStreams } from '@miaobu/shared/contracts/client';
import { sleep } from '@miaobu/shared/kernel/sleep';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { eventually } from './eventually.ts';
import { type GitSite, gitSite } from './git-site.ts';
import type { Platform } from './start-platform.ts';
import { startPreparedPlatform } from './start-prepared-platform.ts';

// A test waits for several things, and has patience with each.
vi.setConfig({ testTimeout: 400_000, hookTimeout: 400_000 });

let platform: Platform;
let api: ApiClient;
let site: GitSite;

beforeAll(async () => {
  platform = await startPreparedPlatform();
  api = createClient({ origin: platform.apiUrl, token: platform.token });
  site = await gitSite(platform.gitUrl, 'dev/canary');
});
afterAll(async () => {
  site?.remove();
  await platform?.stop();
  platform?.clean();
});

const random = (bytes: number) => randomBytes(bytes).toString('base64');
/** Each is of a different kind; none is a word that anything else would print. */
const canaries = {
  PASSWORD: `p4ss/${random(12)}+&?"'<é>$x`,
  API_TOKEN: `sk_${randomBytes(21).toString('hex')}`,
  PRIVATE_KEY: ['-----BEGIN PRIVATE KEY-----', random(48), random(48), random(31), '-----END PRIVATE KEY-----'].join(
    '\n',
  ),
};
const plain = `shown-${randomBytes(12).toString('hex')}`;

/** Prints each variable in every way that secrets get into logs, and fails with the last of them. */
const LEAK = String.raw`
const { once } = require('node:events');
const { spawnSync } = require('node:child_process');
const write = async (stream, text) => { if (!stream.write(text)) await once(stream, 'drain'); };
const wait = () => new Promise((done) => setTimeout(done, 5));
async function leak(name) {
  const value = process.env[name];
  const bytes = Buffer.from(value);
  const say = (text) => write(process.stdout, text + '\n');
  await say('raw ' + value);
  for (const line of value.split('\n')) await say('line ' + line);
  await say('crlf ' + value.replaceAll('\n', '\r\n'));
  await say('json ' + JSON.stringify({ value }));
  await say('url ' + encodeURIComponent(value) + ' ' + new URLSearchParams({ value }) + ' ' + encodeURIComponent(value).replace(/%../g, (code) => code.toLowerCase()));
  for (const before of ['', 'a', 'ab']) {
    for (const after of ['', 'c', 'cd']) {
      const whole = Buffer.from(before + value + after);
      await say('base64 ' + whole.toString('base64') + ' ' + whole.toString('base64url'));
    }
  }
  await say('hex ' + bytes.toString('hex') + ' ' + bytes.toString('hex').toUpperCase());
  await say('html ' + value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll("'", '&#39;'));
  await say('colours ' + [...value].join('\u001b[32m\u001b[0m'));
  for (let cut = 1; cut < Math.min(value.length, 24); cut++) {
    await write(process.stdout, 'split ' + value.slice(0, cut));
    await wait();
    await write(process.stdout, value.slice(cut) + '\n');
  }
  for (let cut = 1; cut < 12; cut += 3) {
    await write(process.stdout, value.slice(0, cut));
    await write(process.stderr, 'between\n');
    await write(process.stdout, value.slice(cut) + '\n');
  }
  const traced = spawnSync('bash', ['-xc', 'true "$' + name + '"'], { encoding: 'utf8' });
  await write(process.stderr, 'traced ' + traced.stderr + traced.error);
}
(async () => {
  for (const name of ['PASSWORD', 'API_TOKEN', 'PRIVATE_KEY']) await leak(name);
  console.log('plain ' + process.env.PLAIN);
  console.error('Error: cannot connect with ' + process.env.PASSWORD + ' as ' + process.env.PLAIN);
  process.exitCode = 9;
})();
`;

/** What no place may hold. Without the characters of base64 that hold bits of what is around as well. */
function formsOf(value: string): string[] {
  const bytes = Buffer.from(value);
  const inBase64 = [0, 1, 2].map((before) =>
    Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .slice(Math.ceil((before * 4) / 3), Math.floor(((before + bytes.length) * 4) / 3)),
  );
  const lines = value.split('\n').filter((line) => !line.startsWith('-----'));
  return [
    ...lines,
    ...[value, ...lines].flatMap((text) => [
      JSON.stringify(text).slice(1, -1),
      encodeURIComponent(text),
      encodeURIComponent(text).replace(/%../g, (code) => code.toLowerCase()),
      Buffer.from(text).toString('hex'),
      Buffer.from(text).toString('hex').toUpperCase(),
    ]),
    ...inBase64,
    ...inBase64.map((form) => form.replaceAll('+', '-').replaceAll('/', '_')),
  ];
}
const forms = Object.values(canaries).flatMap(formsOf);
const leaksIn = (text: string) => forms.filter((form) => text.includes(form));

/** Files below a folder that hold any of the texts, read whole, by the texts they hold. */
async function findInFiles(folder: string, texts: readonly string[]): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  const wanted = texts.map((text) => Buffer.from(text));
  const longest = Math.max(...wanted.map((text) => text.length));
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    let tail = Buffer.alloc(0);
    try {
      for await (const chunk of createReadStream(file, { highWaterMark: 4 * 1024 * 1024 })) {
        const bytes = Buffer.concat([tail, chunk as Buffer]);
        for (const [index, text] of wanted.entries()) {
          if (bytes.includes(text)) found.set(texts[index] ?? '', [...(found.get(texts[index] ?? '') ?? []), file]);
        }
        tail = bytes.subarray(-longest);
      }
    } catch {
      // Files come and go while the platform runs.
    }
  }
  return found;
}

test('secrets that a build prints, in any form, are in no log, stream, status or file of the platform', async () => {
  await site.commit({ 'index.html': '<h1>hello' });
  await site.push();
  const project = (await api('createProject', { body: { repo: 'dev/canary' } })).data;
  const params = { project: project.id };
  for (const [key, value] of Object.entries(canaries)) await api('createVariable', { params, body: { key, value } });
  await api('createVariable', { params, body: { key: 'PLAIN', value: plain, is_secret: false } });
  const sha = await site.commit({
    'package.json': JSON.stringify({ scripts: { build: 'node leak.cjs' } }),
    'leak.cjs': LEAK,
  });
  await site.push();

  const deployment = await eventually(async () => {
    const [newest] = (await api('listDeployments', { params, query: { limit: 1 } })).data;
    return newest?.commit_sha === sha ? newest : undefined;
  }, 'the deployment');
  const streamed: string[] = [];
  const streams = createStreams({
    origin: platform.apiUrl,
    token: platform.token,
    pause: sleep,
  });
  const of = { project: project.id, deployment: deployment.id };
  for await (const event of streams('streamDeploymentLogs', { params: of })) streamed.push(JSON.stringify(event.data));

  const ended = await eventually(async () => {
    const { data } = await api('getDeployment', { params: of });
    return data.status === 'failed' ? data : undefined;
  }, 'the end of the build');
  const { data: entries } = await api('readDeploymentLogs', { params: of, query: { limit: 1000 } });
  const log = entries.map(({ text }) => text).join('');
  // Everything was printed, and what is not secret is shown.
  expect(log.match(/^split /gm)?.length).toBeGreaterThan(60);
  expect(log).toContain(`plain ${plain}`);
  expect(log).toContain('raw ***\n');
  expect(streamed.join('')).toContain(`plain ${plain}`);
  expect(ended.reason_message).toContain(`cannot connect with *** as ${plain}`);

  expect(leaksIn(log)).toEqual([]);
  expect(leaksIn(streamed.join('\n'))).toEqual([]);
  expect(leaksIn(streamed.map((data) => String(JSON.parse(data).text)).join(''))).toEqual([]);
  expect(leaksIn(JSON.stringify(ended))).toEqual([]);

  // Rows of Tablestore, pages of Postgres, states beside commits, logs of functions and of workflow runs.
  const inFiles = await findInFiles(platform.home, [plain, ...forms]);
  expect(inFiles.get(plain)?.length, 'the search finds what is there').toBeGreaterThan(0);
  inFiles.delete(plain);
  expect(Object.fromEntries(inFiles)).toEqual({});
});
