import { UPLOAD_BATCH, type UploadRequest } from '@miaobu/shared/contracts/build-job';
import { expect, test } from 'vitest';
import type { ArtifactContent } from './artifact.ts';
import { askForLinks } from './upload-links.ts';

const MINUTE = 60_000;
const contents = (count: number): ArtifactContent[] =>
  Array.from({ length: count }, (_, n) => ({
    sha256: n.toString(16).padStart(64, '0'),
    bytes: 1,
    md5: 'DMF1ucDxtqgxw5niaXcmYQ==',
    source: `/nowhere/${n}`,
    name: `file-${n}`,
  }));

/** A platform that has what is in `there`, and numbers its links by the request they answer. */
function platform(there: ReadonlySet<string> = new Set()) {
  const questions: UploadRequest[] = [];
  let time = 0;
  return {
    questions,
    pass: (ms: number) => {
      time += ms;
    },
    now: () => time,
    async ask(request: UploadRequest) {
      const number = questions.push(request);
      const missing = request.blobs.filter(({ sha256 }) => !there.has(sha256));
      return { uploads: missing.map(({ sha256 }) => ({ sha256, url: `https://oss.example/${number}`, headers: {} })) };
    },
  };
}
const first = <T>([item]: readonly T[]): T => {
  if (item === undefined) throw new Error('there is none');
  return item;
};

test('each content is asked about once, in batches, and only those that are missing are to be uploaded', async () => {
  const all = contents(2 * UPLOAD_BATCH + 1);
  const { ask, questions } = platform(new Set(all.slice(3).map(({ sha256 }) => sha256)));
  const links = await askForLinks({ contents: [...all, ...all], ask });
  expect(questions.map(({ blobs }) => blobs.length).sort((a, b) => a - b)).toEqual([1, UPLOAD_BATCH, UPLOAD_BATCH]);
  expect(links.missing.map(({ name }) => name)).toEqual(['file-0', 'file-1', 'file-2']);
});

test('old links are renewed before they are used, by one request for the rest of their batch', async () => {
  const { ask, questions, now, pass } = platform();
  const all = contents(10);
  const links = await askForLinks({ contents: all, ask, now });
  pass(9 * MINUTE);
  expect(await links.linkFor(first(all))).toMatchObject({ url: 'https://oss.example/1' });
  links.settle(first(all));
  pass(MINUTE);
  const fresh = await Promise.all(all.slice(1).map((content) => links.linkFor(content)));
  expect(new Set(fresh.map((link) => link?.url))).toEqual(new Set(['https://oss.example/2']));
  expect(questions.map(({ blobs }) => blobs.length)).toEqual([10, 9]);
});

test('a refused link is renewed once; when it is reported as refused again, the new one is returned', async () => {
  const { ask, questions } = platform();
  const all = contents(3);
  const links = await askForLinks({ contents: all, ask });
  const old = await Promise.all(all.map((content) => links.linkFor(content)));
  const fresh = await Promise.all(all.map((content, n) => links.linkFor(content, old[n])));
  const later = await links.linkFor(first(all), first(old));
  expect([...fresh, later].map((link) => link?.url)).toEqual(Array.from({ length: 4 }, () => 'https://oss.example/2'));
  expect(questions).toHaveLength(2);
});

test('content that the platform has by the time a link is renewed needs no link', async () => {
  const there = new Set<string>();
  const { ask } = platform(there);
  const [content] = contents(1);
  if (!content) throw new Error('no content');
  const links = await askForLinks({ contents: [content], ask });
  const refused = await links.linkFor(content);
  there.add(content.sha256);
  expect(await links.linkFor(content, refused)).toBeUndefined();
});

test('a platform that asks for content that was not offered is refused', async () => {
  const ask = async () => ({ uploads: [{ sha256: 'f'.repeat(64), url: 'https://oss.example/1', headers: {} }] });
  await expect(askForLinks({ contents: contents(1), ask })).rejects.toMatchObject({ code: 'runner_error' });
});
