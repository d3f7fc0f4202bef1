import { expect, test } from 'vitest';
import { fileTree } from '../testing/file-tree.ts';
import type { AppFile } from './app-files.ts';
import { checkNativeCode } from './check-native-code.ts';
import { readElf } from './read-elf.ts';

/** A Linux library that contains only its requirements: versions of C library symbols. */
function library(versions: readonly string[], machine = 62): Buffer {
  const names = Buffer.from(`\0libc.so.6\0${versions.join('\0')}\0`);
  const at = (name: string) => names.indexOf(`\0${name}\0`) + 1;
  const needs = Buffer.alloc(16 + 16 * versions.length);
  needs.writeUInt16LE(1, 0);
  needs.writeUInt16LE(versions.length, 2);
  needs.writeUInt32LE(at('libc.so.6'), 4);
  needs.writeUInt32LE(16, 8);
  versions.forEach((version, index) => {
    needs.writeUInt32LE(at(version), 16 + 16 * index + 8);
    needs.writeUInt32LE(index === versions.length - 1 ? 0 : 16, 16 + 16 * index + 12);
  });
  const header = Buffer.alloc(64);
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  header.writeUInt16LE(machine, 18);
  header.writeBigUInt64LE(64n, 40);
  header.writeUInt16LE(64, 58);
  header.writeUInt16LE(3, 60);
  const sections = Buffer.alloc(3 * 64);
  const describe = (index: number, type: number, offset: number, size: number, link: number) => {
    sections.writeUInt32LE(type, index * 64 + 4);
    sections.writeBigUInt64LE(BigInt(offset), index * 64 + 24);
    sections.writeBigUInt64LE(BigInt(size), index * 64 + 32);
    sections.writeUInt32LE(link, index * 64 + 40);
  };
  const content = 64 + sections.length;
  describe(1, 0x6ffffffe, content, needs.length, 2);
  describe(2, 3, content + needs.length, names.length, 0);
  return Buffer.concat([header, sections, needs, names]);
}

const NEWER = library(['GLIBC_2.2.5', 'GLIBC_2.34', 'GLIBC_2.14', 'GCC_3.0']);
const FITTING = library(['GLIBC_2.2.5', 'GLIBC_2.31']);

test.runIf(process.platform === 'linux' && process.arch === 'x64')(
  'the requirements of a real program are read',
  async () => {
    expect(await readElf(process.execPath)).toEqual({ machine: 'x86-64', glibc: [2, expect.any(Number)] });
  },
);

test.each([
  ['the newest of several versions', NEWER, { machine: 'x86-64', glibc: [2, 34] }],
  ['no version', library([]), { machine: 'x86-64', glibc: undefined }],
  ['another machine', library(['GLIBC_2.34'], 183), { machine: 'other', glibc: [2, 34] }],
  ['a file that was cut', NEWER.subarray(0, 100), { machine: 'x86-64', glibc: undefined }],
  ['a text', Buffer.from('#!/bin/sh\n'.repeat(10)), undefined],
  ['nothing', Buffer.alloc(0), undefined],
])('%s', async (_, content, expected) => {
  using files = fileTree({ file: content });
  expect(await readElf(`${files.folder}/file`)).toEqual(expected);
});

test('a library with endless version lists is not read further', async () => {
  const records = 60_000;
  const endless = library(Array(records).fill('GLIBC_2.34'));
  // Each record starts a list that runs through all records after it.
  for (let at = 64 + 3 * 64, index = 0; index < records; index++, at += 16) {
    endless.writeUInt16LE(0xffff, at + 2);
    endless.writeUInt32LE(16, at + 8);
    endless.writeUInt32LE(16, at + 12);
  }
  using files = fileTree({ file: endless });
  expect(await readElf(`${files.folder}/file`)).toEqual({ machine: 'x86-64', glibc: undefined });
});

async function check(tree: Readonly<Record<string, Buffer>>) {
  using files = fileTree(tree);
  const said: string[] = [];
  const packed: AppFile[] = Object.entries(tree).map(([path, { length }]) => ({
    path,
    content: `${files.folder}/${path}`,
    bytes: length,
    isProgram: false,
  }));
  await checkNativeCode(packed, (line) => said.push(line));
  return said;
}

test.each([
  'node_modules/sqlite/build/Release/sqlite.node',
  'python_deps/numpy/core.so',
  'python_deps/libs/libx.so.1.2',
])('%s that was made for a newer system than the servers’ is refused', async (path) => {
  await expect(check({ [path]: NEWER })).rejects.toMatchObject({
    code: 'output_invalid',
    message: expect.stringContaining(`${path} (glibc 2.34) was made for a newer system`),
  });
  expect(await check({ [path]: FITTING })).toEqual([]);
});

test('a prebuilt variant among many is only mentioned', async () => {
  expect(
    await check({ 'node_modules/sharp/prebuilds/linux-x64/sharp.node': NEWER, 'node_modules/sharp/index.js': NEWER }),
  ).toEqual([
    expect.stringMatching(/^Note: .*: node_modules\/sharp\/prebuilds\/linux-x64\/sharp\.node \(glibc 2\.34\)$/),
  ]);
});
