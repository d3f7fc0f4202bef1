import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { zipSync } from 'fflate';

const run = promisify(execFile);

/** Each is one distribution, made from one or more Debian 12 packages. */
const DISTRIBUTIONS: readonly (readonly string[])[] = [
  ['python3-flask'],
  ['python3-werkzeug'],
  ['python3-jinja2'],
  ['python3-markupsafe'],
  ['python3-itsdangerous'],
  ['python3-click'],
  ['python3-gunicorn'],
  ['python3-setuptools', 'python3-pkg-resources'],
  ['python3-fastapi'],
  ['python3-starlette'],
  ['python3-pydantic'],
  ['python3-typing-extensions'],
  ['python3-anyio'],
  ['python3-sniffio'],
  ['python3-idna'],
  ['python3-uvicorn'],
  ['python3-asgiref'],
  ['python3-h11'],
];

/** Whether this machine can get these packages: if so, they also run on its Python. */
export const isDebian12 = async () =>
  /^ID=debian$(.*\n)*^VERSION_ID="12"$|^VERSION_ID="12"$(.*\n)*^ID=debian$/m.test(
    await readFile('/etc/os-release', 'utf8').catch(() => ''),
  );

/** The files of a distribution, without compiled code, which is optional here; and its metadata. */
async function readDistribution(folder: string) {
  const files = new Map<string, Buffer>();
  const notes = new Map<string, string>();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || /\.(so|pyc)$/.test(entry.name)) continue;
    const file = path.join(entry.parentPath, entry.name);
    const [, note] = /\.(?:egg|dist)-info\/([^/]+)$/.exec(file) ?? [];
    if (note === undefined) files.set(path.relative(folder, file), await readFile(file));
    else notes.set(note, await readFile(file, 'utf8'));
  }
  const metadata = notes.get('METADATA') ?? notes.get('PKG-INFO') ?? '';
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(metadata)?.[1] ?? '';
  return { files, programs: notes.get('entry_points.txt'), name: field('Name'), version: field('Version') };
}

type Distribution = Awaited<ReturnType<typeof readDistribution>>;

function wheelOf({ files, programs, name, version }: Distribution, needs: readonly string[]) {
  const stem = `${name.replaceAll(/[-.]+/g, '_')}-${version}`;
  const info = `${stem}.dist-info`;
  const metadata = ['Metadata-Version: 2.1', `Name: ${name}`, `Version: ${version}`];
  const content = new Map(files)
    .set(
      `${info}/METADATA`,
      Buffer.from([...metadata, ...needs.map((need) => `Requires-Dist: ${need}`), ''].join('\n')),
    )
    .set(`${info}/WHEEL`, Buffer.from('Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n'));
  if (programs !== undefined) content.set(`${info}/entry_points.txt`, Buffer.from(programs));
  const record = [...content.keys(), `${info}/RECORD`].map((file) => `${file},,\n`).join('');
  content.set(`${info}/RECORD`, Buffer.from(record));
  return { file: `${stem}-py3-none-any.whl`, bytes: Buffer.from(zipSync(Object.fromEntries(content))) };
}

/**
 * Flask, FastAPI and their servers, as wheels, by file name: made from Debian packages, which are downloaded but not
 * installed, so that pip has packages on machines that cannot reach a Python package index. Needs the lists that `apt-get update`
 * downloads.
 */
export async function debianWheels(): Promise<ReadonlyMap<string, Buffer>> {
  const place = await mkdtemp(path.join(tmpdir(), 'debian-wheels-'));
  try {
    // apt downloads as a user of its own.
    await chmod(place, 0o777);
    await run('apt-get', ['download', '-q', ...DISTRIBUTIONS.flat()], { cwd: place });
    const archives = (await readdir(place)).filter((name) => name.endsWith('.deb'));
    const read = DISTRIBUTIONS.map(async (packages, index) => {
      const folder = path.join(place, String(index));
      await mkdir(folder);
      const depends: string[] = [];
      for (const archive of archives.filter((name) => packages.some((it) => name.startsWith(`${it}_`)))) {
        await run('dpkg-deb', ['-x', archive, folder], { cwd: place });
        // Debian removes the requirements from a distribution's metadata: its own packages declare them.
        const { stdout } = await run('dpkg-deb', ['-f', archive, 'Depends'], { cwd: place });
        depends.push(...(stdout.match(/\bpython3-[\w-]+/g) ?? []));
      }
      return { packages, depends, ...(await readDistribution(path.join(folder, 'usr/lib/python3/dist-packages'))) };
    });
    const distributions = await Promise.all(read);
    const wheels = distributions.map((it) => {
      const others = distributions.filter(
        (other) => other !== it && other.packages.some((one) => it.depends.includes(one)),
      );
      return wheelOf(
        it,
        others.map(({ name }) => name),
      );
    });
    return new Map(wheels.map(({ file, bytes }) => [file, bytes]));
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}
