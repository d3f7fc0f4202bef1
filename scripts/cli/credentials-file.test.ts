import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { credentialsPath, readCredentials, writeCredentials } from './credentials-file.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), 'miaobu-credentials-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const kept = { current: 'https://api.example', origins: { 'https://api.example': { token: 'a-token' } } };

test('it is where the XDG specification says, and a relative folder is none', () => {
  expect(credentialsPath({ HOME: '/home/you' })).toBe('/home/you/.config/miaobu/credentials.json');
  expect(credentialsPath({ HOME: '/home/you', XDG_CONFIG_HOME: '/etc/you' })).toBe('/etc/you/miaobu/credentials.json');
  expect(credentialsPath({ HOME: '/home/you', XDG_CONFIG_HOME: 'here' })).toContain('/home/you/.config');
});

test('only its owner reads it, also when it was open to others before; nothing else stays behind', () => {
  const environment = { HOME: home };
  const file = credentialsPath(environment);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, '{"origins":{}}');
  chmodSync(file, 0o644);
  expect(writeCredentials(environment, kept)).toBe(file);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readdirSync(path.dirname(file))).toEqual(['credentials.json']);
  expect(readCredentials(environment)).toEqual(kept);
});

test('the folder is made for its owner alone', () => {
  writeCredentials({ HOME: home }, kept);
  expect(statSync(path.join(home, '.config', 'miaobu')).mode & 0o777).toBe(0o700);
});

test('without it nobody is signed in; when it is damaged that is said, and it is left alone', () => {
  expect(readCredentials({ HOME: home })).toEqual({ origins: {} });
  const file = writeCredentials({ HOME: home }, kept);
  writeFileSync(file, '{');
  expect(() => readCredentials({ HOME: home })).toThrow('damaged');
  expect(readFileSync(file, 'utf8')).toBe('{');
});
