import { AcsError } from '../../wire/acs3.ts';

/**
 * Turns a routine (an ES module with a default export) into a classic script whose value is that export, because
 * `node:vm` runs modules only behind a flag. The file is otherwise untouched. Refuses what does not parse.
 */
export async function routineScript(moduleSource: string): Promise<string> {
  const { transformSync } = await import('esbuild');
  try {
    // The synchronous call leaves no esbuild service running beside the local cloud.
    const { code } = transformSync(moduleSource, {
      format: 'iife',
      globalName: '__routine',
      target: 'es2022',
      sourcefile: 'routine.js',
      logLevel: 'silent',
    });
    return `(() => {${code}\nreturn __routine.default;\n})()`;
  } catch (error) {
    throw new AcsError(400, 'InvalidRoutineCode', `The code does not parse: ${(error as Error).message}`);
  }
}
