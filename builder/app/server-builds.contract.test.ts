import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { zipSync } from 'fflate';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findProgram } from '../commands/find-program.ts';
import { archiveOfFiles } from '../testing/archive-of.ts';
import { filesOfFixture } from '../testing/files-of-fixture.ts';
import { publishedServer } from '../testing/published-server.ts';
import { type BundledBuilder, bundledBuilder } from '../testing/run-builder.ts';
import { startPackage } from '../testing/start-package.ts';
import { startTestPlatform, type TestPlatform } from '../testing/test-platform.ts';

let builder: BundledBuilder;
beforeAll(async () => {
  builder = await bundledBuilder();
});
afterAll(() => builder.remove());

const hasPython = (await findProgram('python3', process.env.PATH ?? '')) !== undefined;

const json = (value: unknown) => JSON.stringify(value);

/** The published server's answer to a path. By now nothing of its build is left on this machine. */
async function ask(platform: TestPlatform, pathname: string): Promise<string> {
  const { manifest, zip } = publishedServer(platform);
  await using server = await startPackage(zip, manifest);
  const answer = await fetch(server.url + pathname);
  return `${answer.status} ${await answer.text()}`;
}

test('Express, installed from the registry, runs from its package alone; built again it is not uploaded again', async () => {
  const archive = archiveOfFiles(filesOfFixture('express-api'));
  await using platform = await startTestPlatform({ archive, limits: { build_seconds: 120 } });
  expect(await builder.run(platform.inputs), platform.log()).toMatchObject({ code: 0, leftovers: [] });
  expect(await ask(platform, '/hello/you')).toBe('200 {"hello":"you"}');
  const { manifest, zip } = publishedServer(platform);
  expect(manifest).toMatchObject({ kind: 'node', start: 'node server.js', port: 9000 });
  expect(zip.includes('node_modules/express/package.json')).toBe(true);
  expect(zip.includes('node_modules/typescript/')).toBe(false);

  await using again = await startTestPlatform({ archive, limits: { build_seconds: 120 }, present: [zip] });
  expect((await builder.run(again.inputs)).code).toBe(0);
  expect(again.log()).toContain('Uploading 0 of 1 files (1 unchanged)');
}, 180_000);

test('a server in a workspace that imports another package of it runs from its package alone', async () => {
  await using platform = await startTestPlatform({
    archive: archiveOfFiles({
      'package.json': json({ name: 'all', private: true, workspaces: ['apps/*', 'packages/*'] }),
      'apps/api/package.json': json({
        name: 'api',
        version: '1.0.0',
        scripts: { start: 'node server.js' },
        dependencies: { '@all/greeting': '1.0.0' },
      }),
      'apps/api/server.js': `const { greet } = require('@all/greeting');
        const { PORT, HOST } = process.env;
        require('node:http').createServer(({ url }, response) => response.end(greet(url))).listen(PORT, HOST);`,
      'packages/greeting/package.json': json({ name: '@all/greeting', version: '1.0.0', main: 'index.js' }),
      'packages/greeting/index.js': "exports.greet = (name) => 'good day, ' + name;",
    }),
    settings: { root_directory: 'apps/api' },
  });
  expect(await builder.run(platform.inputs), platform.log()).toMatchObject({ code: 0, leftovers: [] });
  expect(await ask(platform, '/you')).toBe('200 good day, /you');
});

/** A package of a single module, as pip installs it. */
function wheelOf(name: string, module: string): Buffer {
  const info = `${name}-1.0.0.dist-info`;
  const content = {
    [`${name}.py`]: module,
    [`${info}/METADATA`]: `Metadata-Version: 2.1\nName: ${name}\nVersion: 1.0.0\n`,
    [`${info}/WHEEL`]: 'Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
    [`${info}/RECORD`]: `${name}.py,,\n${info}/METADATA,,\n${info}/WHEEL,,\n${info}/RECORD,,\n`,
  };
  return Buffer.from(
    zipSync(Object.fromEntries(Object.entries(content).map(([file, text]) => [file, Buffer.from(text)]))),
  );
}

const greeting = wheelOf('greeting', "def greet(name):\n    return 'good day, ' + name\n");

const GREETING_SERVER = `import os
from http.server import BaseHTTPRequestHandler, HTTPServer
from greeting import greet

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(greet(self.path).encode())

HTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Handler).serve_forever()
`;

test.runIf(hasPython)('a Python server with what pip installed beside it runs from its package alone', async () => {
  await using platform = await startTestPlatform({
    archive: archiveOfFiles({
      'requirements.txt': '--no-index\n./wheels/greeting-1.0.0-py3-none-any.whl\n',
      'wheels/greeting-1.0.0-py3-none-any.whl': greeting,
      'main.py': GREETING_SERVER,
    }),
  });
  expect(await builder.run(platform.inputs), platform.log()).toMatchObject({ code: 0, leftovers: [] });
  const { manifest, zip } = publishedServer(platform);
  expect(manifest).toMatchObject({ kind: 'python', start: expect.stringMatching(/^python3? .*main\.py$/) });
  expect(zip.includes('python_deps/greeting.py')).toBe(true);
  expect(zip.includes('__pycache__')).toBe(false);
  expect(await ask(platform, '/you')).toBe('200 good day, /you');
});

test.runIf(hasPython)(
  'a Python package that cannot be installed fails the build with a message that names the file',
  async () => {
    await using platform = await startTestPlatform({
      archive: archiveOfFiles({ 'requirements.txt': '--no-index\nnot-there\n', 'main.py': GREETING_SERVER }),
    });
    expect((await builder.run(platform.inputs)).code).toBe(1);
    expect(platform.reports.at(-1)).toMatchObject({
      code: 'install_failed',
      message: expect.stringMatching(/^`pip install -r '?requirements.txt'?` exited with code 1\.\n/),
    });
  },
);

/** Builds everything into the wheel that it contains. */
const READY_BACKEND = `import base64, os

def build_wheel(folder, config_settings=None, metadata_directory=None):
    name = "greeting-1.0.0-py3-none-any.whl"
    with open(os.path.join(folder, name), "wb") as file:
        file.write(base64.b64decode("${greeting.toString('base64')}"))
    return name
`;

test.runIf(hasPython)('a Python package available only as source is built, with its build requirements', async () => {
  const { stdout } = await promisify(execFile)('python3', ['--version']);
  await using platform = await startTestPlatform({
    archive: archiveOfFiles({
      '.python-version': /\d+\.\d+/.exec(stdout)?.[0] ?? '',
      'requirements.txt': '--no-index\n--find-links wheels\n./source-of-greeting\n',
      'source-of-greeting/pyproject.toml': '[build-system]\nrequires = ["backend"]\nbuild-backend = "backend"\n',
      'wheels/backend-1.0.0-py3-none-any.whl': wheelOf('backend', READY_BACKEND),
      'main.py': GREETING_SERVER,
    }),
  });
  expect(await builder.run(platform.inputs), platform.log()).toMatchObject({ code: 0, leftovers: [] });
  const { zip } = publishedServer(platform);
  expect(zip.includes('python_deps/greeting.py')).toBe(true);
  expect(zip.includes('python_deps/backend.py')).toBe(false);
  expect(await ask(platform, '/you')).toBe('200 good day, /you');
});
