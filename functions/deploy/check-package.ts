import {
  APP_LIMITS,
  type AppManifest,
  packagePathProblem,
  packagePathsProblem,
} from '@miaobu/shared/contracts/app-manifest';
import { readZipDirectory, ZipError, zipDirectoryBytes } from '@miaobu/shared/kernel/zip-directory';

/** Average name length: a larger directory is refused unread. */
const MEAN_NAME_BYTES = 256;
/** How many of a package's last bytes `packageProblem` needs. */
export const PACKAGE_TAIL_BYTES = zipDirectoryBytes(APP_LIMITS.files, MEAN_NAME_BYTES);

const TYPE = 0o170000;
const REGULAR_FILE = 0o100000;
const SET_ID = 0o6000;

/**
 * Why a package must not be unpacked, judged from the last bytes of its zip, or undefined. It was made on a machine that ran untrusted
 * code, so this checks that it is a zip of exactly the files and sizes in its manifest, with only plain files below one folder. That
 * contents have the length stated in the directory is for the unpacker to check.
 */
export function packageProblem(
  { files, unpacked_bytes, package: { bytes: size } }: AppManifest,
  tail: Buffer,
): string | undefined {
  try {
    const entries = readZipDirectory(tail, size);
    let unpacked = 0;
    for (const { name, mode, bytes } of entries) {
      const shown = JSON.stringify(name);
      const problem = packagePathProblem(name);
      if (problem !== undefined) return `the path ${shown} ${problem}`;
      if ((mode & TYPE) !== REGULAR_FILE) return `${shown} is not a plain file`;
      if ((mode & SET_ID) !== 0) return `${shown} would run as another user`;
      if (bytes > APP_LIMITS.fileBytes)
        return `${shown} is over the limit of ${APP_LIMITS.fileBytes} bytes for one file`;
      unpacked += bytes;
    }
    if (entries.length !== files || unpacked !== unpacked_bytes)
      return 'it does not have the files that the build said';
    return packagePathsProblem(entries.map(({ name }) => name));
  } catch (error) {
    if (error instanceof ZipError) return error.message;
    throw error;
  }
}
