import { expect, test } from 'vitest';
import { fileTree, type Tree } from '../testing/file-tree.ts';
import { packPythonApp } from './pack-python-app.ts';

const SIGNAL = new AbortController().signal;
async function pack(tree: Tree) {
  using source = fileTree(tree);
  const { files, start } = await packPythonApp({
    folder: source.folder,
    source: source.folder,
    server: { runtime: 'python', version: '3.12', start: 'python3 main.py' },
    user: undefined,
    say: () => {},
    signal: SIGNAL,
  });
  const contents = new Map(files.map((file) => [file.path, file.content]));
  return { paths: files.map((file) => file.path), start, text: (name: string) => contents.get(name)?.toString() };
}

const RECORD = [
  '../../bin/greet,sha256=aa,221',
  'greeting-1.dist-info/INSTALLER,sha256=bb,4',
  'greeting-1.dist-info/RECORD,,',
  'greeting-1.dist-info/direct_url.json,sha256=cc,81',
  '"greeting/a,b.py",sha256=dd,7',
  'greeting/__init__.py,sha256=ee,12',
].join('\n');
/** An installation by pip, of a Python at this path. */
const installed = (python: string): Tree => ({
  'main.py': 'x',
  'python_deps/greeting/__init__.py': 'x',
  'python_deps/greeting/__pycache__/__init__.cpython-312.pyc': `compiled by ${python}`,
  'python_deps/greeting-1.dist-info/METADATA': 'Name: greeting',
  'python_deps/greeting-1.dist-info/RECORD': RECORD.replace('aa', String(python.length)),
  'python_deps/greeting-1.dist-info/INSTALLER': 'pip\n',
  'python_deps/greeting-1.dist-info/direct_url.json': `{"url":"file://${python}/greeting.whl"}`,
  'python_deps/bin/greet': { program: `#!${python}\nimport sys\n` },
  'python_deps/bin/long': { program: `#!/bin/sh\n'''exec' ${python} "$0" "$@"\n' '''\nimport sys\n` },
  'python_deps/bin/shell': { program: '#!/bin/sh\necho\n' },
});

test('two installations of the same packages are the same package, and its programs run with the server’s Python', async () => {
  const [one, other] = [
    await pack(installed('/usr/bin/python3')),
    await pack(installed('/opt/hostedtoolcache/Python/3.12/bin/python3.12')),
  ];
  expect(one.paths).toEqual([
    'main.py',
    'python_deps/bin/greet',
    'python_deps/bin/long',
    'python_deps/bin/shell',
    'python_deps/greeting-1.dist-info/METADATA',
    'python_deps/greeting-1.dist-info/RECORD',
    'python_deps/greeting/__init__.py',
  ]);
  expect(other.paths).toEqual(one.paths);
  for (const name of ['bin/greet', 'bin/long', 'greeting-1.dist-info/RECORD']) {
    expect(other.text(`python_deps/${name}`), name).toBe(one.text(`python_deps/${name}`));
  }
  expect(one.text('python_deps/bin/greet')).toBe('#!/usr/bin/env python3\nimport sys\n');
  expect(one.text('python_deps/bin/long')).toBe('#!/usr/bin/env python3\nimport sys\n');
  expect(one.text('python_deps/greeting-1.dist-info/RECORD')).toBe(
    '"greeting/a,b.py",,\n../../bin/greet,,\ngreeting-1.dist-info/RECORD,,\ngreeting/__init__.py,,\n',
  );
});

test('secrets, environments and caches are left out of the app, not out of its dependencies', async () => {
  const { paths } = await pack({
    'main.py': 'x',
    'static/app.css': 'x',
    '.env': 'x',
    '.venv/pyvenv.cfg': 'x',
    '.pytest_cache/x': 'x',
    '__pycache__/main.cpython-312.pyc': 'x',
    'node_modules/tailwindcss/index.js': 'x',
    'python_deps/package/.env.example': 'x',
    'python_deps/package/node_modules/x.js': 'x',
  });
  expect(paths).toEqual([
    'main.py',
    'python_deps/package/.env.example',
    'python_deps/package/node_modules/x.js',
    'static/app.css',
  ]);
});

test('a link out of the repository is refused', async () => {
  await expect(pack({ 'main.py': 'x', etc: { link: '/etc' } })).rejects.toMatchObject({
    code: 'output_invalid',
    message: expect.stringContaining('"etc" is a symbolic link out of the repository'),
  });
});
