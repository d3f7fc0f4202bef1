import { readFileSync } from 'node:fs';
import * as z from 'zod';

/** The version of this program: that of the checkout it is in. */
export const programVersion = (): string =>
  z
    .object({ version: z.string() })
    .parse(JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))).version;
