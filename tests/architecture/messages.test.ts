import { topics } from '@miaobu/shared/contracts/messages';
import { expect, test } from 'vitest';
import { codeOf, production } from './source-tree.ts';

const isMessageFile = (file: string) => /^shared\/model\/.+-messages?\.ts$/.test(file);
const platformCode = production.filter((file) => /^(shared|functions)\//.test(file));
/** An object with a literal topic, or the call that makes a message of one. */
const written = new RegExp(`topic: '(${Object.keys(topics).join('|')})'|\\boutboxMessage\\(`);

test('a literal topic is found, and one in a comment is not', () => {
  expect(written.test("enqueue({ topic: 'build.start', lane })")).toBe(true);
  expect(written.test('deadLetters.list({ topic: query.topic, limit })')).toBe(false);
});

test('a message is made in a file of the model named …-message.ts, and nowhere else', () => {
  expect(platformCode.filter((file) => written.test(codeOf(file)) && !isMessageFile(file))).toEqual([]);
});

test('the messages of a topic are made in one place', () => {
  const places = Object.keys(topics).map((topic) => [
    topic,
    platformCode.filter((file) => isMessageFile(file) && codeOf(file).includes(`'${topic}'`)).length,
  ]);
  expect(places).toEqual(Object.keys(topics).map((topic) => [topic, 1]));
});
