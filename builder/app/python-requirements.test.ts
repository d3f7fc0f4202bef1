import { describe, expect, test } from 'vitest';
import { pipfileRequirements, projectRequirements } from './python-requirements.ts';

test('PEP 621: the dependencies as they are, without those of extras and groups', () => {
  const pyproject = `
    [project]
    name = "shop"
    dependencies = ["fastapi[standard]>=0.110,<1", "uvicorn ; python_version >= '3.8'"]
    [project.optional-dependencies]
    test = ["pytest"]
    [dependency-groups]
    dev = ["ruff"]`;
  expect(projectRequirements(pyproject, undefined)).toEqual({
    lines: ['fastapi[standard]>=0.110,<1', "uvicorn ; python_version >= '3.8'"],
    constraints: [],
  });
});

test('uv.lock: the versions it chose from an index, once chosen', () => {
  const lock = `
    version = 1
    [[package]]
    name = "shop"
    source = { virtual = "." }
    version = "1.0.0"
    [[package]]
    name = "flask"
    version = "3.0.2"
    source = { registry = "https://pypi.org/simple" }
    [[package]]
    name = "tool"
    version = "0.1.0"
    source = { git = "https://example.com/tool.git" }
    [[package]]
    name = "numpy"
    version = "1.26.0"
    source = { registry = "https://pypi.org/simple" }
    [[package]]
    name = "numpy"
    version = "2.1.0"
    source = { registry = "https://pypi.org/simple" }`;
  expect(projectRequirements('[project]\ndependencies = ["flask"]', lock)).toEqual({
    lines: ['flask'],
    constraints: ['flask==3.0.2'],
  });
});

describe('Poetry', () => {
  const poetry = (lines: string) => projectRequirements(`[tool.poetry.dependencies]\n${lines}`, undefined).lines;

  test.each([
    ['flask = "^2.1.3"', 'flask>=2.1.3,<3'],
    ['flask = "^0.2.3"', 'flask>=0.2.3,<0.3'],
    ['flask = "^0.0.3"', 'flask>=0.0.3,<0.0.4'],
    ['flask = "^0.0"', 'flask>=0.0,<0.1'],
    ['flask = "~2.1.3"', 'flask>=2.1.3,<2.2'],
    ['flask = "~2"', 'flask>=2,<3'],
    ['flask = "2.1.3"', 'flask==2.1.3'],
    ['flask = "*"', 'flask'],
    ['flask = ">=2.1,<4"', 'flask>=2.1,<4'],
    ['uvicorn = { version = "^0.30", extras = ["standard"] }', 'uvicorn[standard]>=0.30,<0.31'],
    ['colorama = { version = "*", markers = "sys_platform == \'win32\'" }', "colorama ; sys_platform == 'win32'"],
    ['tool = { git = "https://example.com/tool.git", tag = "v1" }', 'tool @ git+https://example.com/tool.git@v1'],
    ['lib = { path = "libs/lib", develop = true }', './libs/lib'],
  ])('%s is %s to pip', (line, expected) => {
    expect(poetry(line)).toEqual([expected]);
  });

  test('neither Python itself nor what is only for an extra', () => {
    expect(poetry('python = "^3.11"\nflask = "*"\npsycopg = { version = "*", optional = true }')).toEqual(['flask']);
  });

  test('poetry.lock: its versions, of all groups', () => {
    const lock = `
      [[package]]
      name = "flask"
      version = "2.1.3"
      optional = false
      [[package]]
      name = "lib"
      version = "0.1.0"
      [package.source]
      type = "directory"
      url = "libs/lib"`;
    const { constraints } = projectRequirements('[tool.poetry.dependencies]\nflask = "^2"', lock);
    expect(constraints).toEqual(['flask==2.1.3']);
  });
});

test('Pipfile.lock is everything, a Pipfile what is asked for', () => {
  const lock = {
    _meta: {},
    default: {
      flask: { hashes: ['sha256:00'], index: 'pypi', version: '==3.0.2', markers: "python_version >= '3.8'" },
      uvicorn: { extras: ['standard'], version: '==0.30.0' },
    },
    develop: { pytest: { version: '==8.0.0' } },
  };
  expect(pipfileRequirements(JSON.stringify(lock), true)).toEqual({
    lines: ["flask==3.0.2 ; python_version >= '3.8'", 'uvicorn[standard]==0.30.0'],
    constraints: [],
  });
  const pipfile =
    '[packages]\nflask = "*"\nuvicorn = { extras = ["standard"], version = ">=0.30" }\n[dev-packages]\npytest = "*"';
  expect(pipfileRequirements(pipfile, false).lines).toEqual(['flask', 'uvicorn[standard]>=0.30']);
});
