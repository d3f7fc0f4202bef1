import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { repositoryRoot } from '../../layers/emit-settings.ts';
import { readSYaml, readSYamlText } from './read-s-yaml.ts';
import { exampleEnvironment } from './testing/example-environment.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'miaobu-serverless-devs-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Stands in for fc3 and fc3-domain, which come from a registry: it records what Serverless Devs passes to it. */
const RECORDER = `
const { appendFileSync } = require('node:fs');
module.exports = class {
  async deploy({ props }) {
    appendFileSync(process.env.RECORDED, JSON.stringify(props) + '\\n');
    return {};
  }
};`;

test('s deploy passes its components what our reader reads, with migrate first and the domain last', async () => {
  const component = path.join(directory, 'recorder');
  const recorded = path.join(directory, 'recorded');
  mkdirSync(component);
  writeFileSync(path.join(component, 'index.js'), RECORDER);
  writeFileSync(path.join(component, 'package.json'), '{"name":"recorder","version":"1.0.0","main":"index.js"}');
  writeFileSync(path.join(component, 'publish.yaml'), 'Type: Component\nName: recorder\nVersion: 1.0.0\n');
  const text = await readSYamlText();
  const replaced = text.replace(/component: fc3(-domain)?$/gm, `component: ${component}`);
  writeFileSync(path.join(directory, 's.yaml'), replaced);

  const program = path.join(repositoryRoot, 'node_modules', '@serverless-devs', 's', 'bin', 's');
  await promisify(execFile)(process.execPath, [program, 'deploy', '--assume-yes'], {
    cwd: directory,
    env: { ...exampleEnvironment(), HOME: directory, PATH: process.env.PATH, RECORDED: recorded },
  });

  const handed = readFileSync(recorded, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const { functions, domain } = readSYaml(text, exampleEnvironment());
  expect(handed).toEqual([...functions.values(), domain]);
  expect(handed[0].functionName).toBe('miaobu-migrate');
}, 60_000);
