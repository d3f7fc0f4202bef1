import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { unzipSync } from 'fflate';

/** Unpacks a layer as Function Compute does to `/opt`, and resolves with the NODE_PATH for it. */
export async function unpackLayer(zip: Uint8Array, directory: string): Promise<string> {
  for (const [name, content] of Object.entries(unzipSync(zip))) {
    const file = path.join(directory, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, content);
  }
  return path.join(directory, 'nodejs', 'node_modules');
}
