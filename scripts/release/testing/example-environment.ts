import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseEnv } from 'node:util';
import { repositoryRoot } from '../../../layers/emit-settings.ts';

/** The variables of .env.example, those without an example filled in: an account as tests imagine one. */
export function exampleEnvironment(): Record<string, string> {
  const example = parseEnv(readFileSync(path.join(repositoryRoot, '.env.example'), 'utf8'));
  const secret = Buffer.from(Array.from({ length: 32 }, (_, index) => index * 7)).toString('base64url');
  return { ...example, MIAOBU_ROOT_KEY: secret, ESA_SITE_ID: '1234567890123456' } as Record<string, string>;
}
