import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { collectOutput } from '../site/collect-output.ts';
import type { TestPlatform } from '../testing/test-platform.ts';
import { uploadFolder } from './upload-folder.ts';

/** A folder of its own, uploaded as it is, in the test's own process. */
export function startFolderUpload() {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'miaobu-folder-')));
  const pathOf = (name: string) => path.join(folder, name);
  return {
    pathOf,
    write(files: Readonly<Record<string, string>>) {
      for (const [name, content] of Object.entries(files)) {
        mkdirSync(path.dirname(pathOf(name)), { recursive: true });
        writeFileSync(pathOf(name), content);
      }
    },
    async upload({ inputs }: TestPlatform, { beforeUpload = () => {}, say = (_line: string) => {} } = {}) {
      const collected = await collectOutput({ folder, isProjectRoot: true, user: undefined });
      beforeUpload();
      return uploadFolder({ inputs, collected, say });
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

export type FolderUpload = ReturnType<typeof startFolderUpload>;
