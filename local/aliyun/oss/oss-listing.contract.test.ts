import { afterAll, beforeAll, expect, test } from 'vitest';
import { type OssUnderTest, startOssUnderTest } from './oss-under-test.ts';

let oss: OssUnderTest;
// In UTF-8 byte order, which is not the order of JavaScript strings: U+FF21 comes before U+1F511.
const keys = ['a', 'a/1', 'a/2', 'a/b/3', 'a0', 'b/1', 'b/2', 'c', 'Ａ', '🔑'];

beforeAll(async () => {
  oss = await startOssUnderTest();
  for (const key of keys.toReversed()) await oss.emulator().writeObject(oss.bucket, key, Buffer.from(key));
});
afterAll(() => oss.close());

test('lists in the order of the keys bytes, page by page, without losing or repeating one', async () => {
  for (const size of [1, 3, 9, 10, 11]) {
    const seen: string[] = [];
    let token: string | null = null;
    do {
      const page = await oss.client().listV2({ 'max-keys': size, ...(token ? { 'continuation-token': token } : {}) });
      expect(page.keyCount).toBe(page.objects.length);
      expect(page.isTruncated).toBe(page.nextContinuationToken !== null);
      seen.push(...page.objects.map((object) => object.name));
      token = page.nextContinuationToken;
    } while (token);
    expect(seen).toEqual(keys);
  }
});

test('a delimiter folds keys into common prefixes, also across pages', async () => {
  const entries: string[] = [];
  let token: string | null = null;
  do {
    const page = await oss
      .client()
      .listV2({ delimiter: '/', 'max-keys': 2, ...(token ? { 'continuation-token': token } : {}) });
    entries.push(...page.objects.map((object) => object.name), ...(page.prefixes ?? []));
    token = page.nextContinuationToken;
  } while (token);
  expect(entries.toSorted()).toEqual(['a', 'a/', 'a0', 'b/', 'c', 'Ａ', '🔑'].toSorted());
});

test('prefix and start-after narrow a listing; the owner comes only when asked for', async () => {
  const client = oss.client();
  const under = await client.listV2({ prefix: 'a/', delimiter: '/' });
  expect(under.objects.map((object) => object.name)).toEqual(['a/1', 'a/2']);
  expect(under.prefixes).toEqual(['a/b/']);
  const after = await client.listV2({ prefix: 'a/', 'start-after': 'a/1' });
  expect(after.objects.map((object) => object.name)).toEqual(['a/2', 'a/b/3']);
  expect(after.objects[0]).toMatchObject({ size: 3, owner: null, etag: expect.stringMatching(/^"[0-9A-F]{32}"$/) });
  const owned = await client.listV2({ prefix: 'c', 'fetch-owner': true });
  expect(owned.objects[0]?.owner?.id).toBe(oss.account.accountId);
});

test('encoding-type=url encodes what could not stand in XML', async () => {
  const listed = await oss.client().listV2({ prefix: '🔑', 'encoding-type': 'url' });
  expect(listed.objects.map((object) => object.name)).toEqual([encodeURIComponent('🔑')]);
});

test('the first version of the call pages by marker', async () => {
  const first = await oss.client().list({ 'max-keys': 4 }, {});
  expect(first).toMatchObject({ isTruncated: true, nextMarker: 'a/b/3' });
  const rest = await oss.client().list({ 'max-keys': 1000, marker: 'a/b/3' }, {});
  expect(rest).toMatchObject({ isTruncated: false, nextMarker: null });
  expect([...first.objects, ...rest.objects].map((object) => object.name)).toEqual(keys);
});

test('a page size beyond 1000 and a token that was never issued are refused', async () => {
  const invalid = { status: 400, code: 'InvalidArgument' };
  await expect(oss.client().listV2({ 'max-keys': 1001 })).rejects.toMatchObject(invalid);
  await expect(oss.client().listV2({ 'continuation-token': 'not base64' })).rejects.toMatchObject(invalid);
});
