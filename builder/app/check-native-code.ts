import { BuildFailure } from '../build-failure.ts';
import type { AppFile } from './app-files.ts';
import { readElf } from './read-elf.ts';

/** Function Compute's `custom.debian11`: Debian 11 has this C library. */
const TARGET_GLIBC = [2, 31] as const;
const SHOWN = 5;

const mayBeNative = ({ path, isProgram }: AppFile) =>
  /\.node$|\.so(\.\d+)*$/.test(path) || (isProgram && !/\.[^/]*$/.test(path.slice(1)));

/** Where node-gyp puts what it compiled on this machine. The package that needs it cannot run without it. */
const isCompiledHere = (path: string) => /\/build\/Release\/[^/]+\.node$/.test(path);

/**
 * Looks for libraries and programs that a server could not load there: built for a newer C library than Debian 11's.
 * Throws `BuildFailure` for what was compiled in this build, or is a Python module, and only logs what came
 * prebuilt, because an app may use another variant of it.
 */
export async function checkNativeCode(files: readonly AppFile[], say: (line: string) => void): Promise<void> {
  const newer: string[] = [];
  for (const file of files.filter(mayBeNative)) {
    const elf = typeof file.content === 'string' ? await readElf(file.content) : undefined;
    if (elf?.machine !== 'x86-64' || !elf.glibc) continue;
    const [major, minor] = elf.glibc;
    if (major < TARGET_GLIBC[0] || (major === TARGET_GLIBC[0] && minor <= TARGET_GLIBC[1])) continue;
    const what = `${file.path} (glibc ${major}.${minor})`;
    if (isCompiledHere(file.path) || file.path.startsWith('python_deps/')) {
      throw new BuildFailure(
        'output_invalid',
        `The app cannot be packed: ${what} was made for a newer system than the servers', which have glibc ${TARGET_GLIBC.join('.')}. Use a version of that package that comes ready made for Linux (manylinux, or prebuilt), or one without native code.`,
      );
    }
    newer.push(what);
  }
  if (newer.length > 0) {
    say(
      `Note: made for a newer system than the servers', which have glibc ${TARGET_GLIBC.join('.')}; what needs it will not start: ${newer.slice(0, SHOWN).join(', ')}${newer.length > SHOWN ? ', …' : ''}`,
    );
  }
}
