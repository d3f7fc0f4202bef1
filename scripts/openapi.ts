// Writes docs/openapi.json: the same document that the API serves at /api/v1/openapi.json.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openapiDocument } from '@miaobu/shared/contracts/openapi';

const inRepository = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const formatted = execFileSync(inRepository('node_modules/.bin/biome'), ['format', '--stdin-file-path=openapi.json'], {
  input: JSON.stringify(openapiDocument(), undefined, 2),
});
writeFileSync(inRepository('docs/openapi.json'), formatted);
