import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** The files of a project in `builder/fixtures`, by their paths in it. */
export function filesOfFixture(name: string): Record<string, Buffer> {
  const folder = path.join(import.meta.dirname, '..', 'fixtures', name);
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
  return Object.fromEntries(files.map((file) => [path.relative(folder, file), readFileSync(file)]));
}
