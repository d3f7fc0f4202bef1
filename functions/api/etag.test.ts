import { expect, test } from 'vitest';
import { assertUnchanged, etagInCoding, etagOf, namesEtag } from './etag.ts';

const project = { id: 'prj_1', name: 'Site', settings: { spa: null } };
const tag = etagOf(project);

test('the same resource has the same tag, and any change another', () => {
  expect(tag).toMatch(/^"[\w-]{22}"$/);
  expect(etagOf(structuredClone(project))).toBe(tag);
  expect(etagOf({ ...project, settings: { spa: false } })).not.toBe(tag);
});

test.each([
  ['the tag', tag, true],
  ['any', '*', true],
  ['one of several', `"other", ${tag}`, true],
  ['the tag of a coded answer', etagInCoding(tag, 'br'), true],
  ['the tag as a proxy weakens it', `W/${tag}`, true],
  ['another', '"other"', false],
  ['none', '', false],
  ['the tag without quotes', tag.slice(1, -1), false],
])('%s in a header', (_, header, names) => {
  expect(namesEtag(header, tag)).toBe(names);
});

test('what was changed since it was read is not changed again', () => {
  expect(() => assertUnchanged(undefined, project)).not.toThrow();
  expect(() => assertUnchanged(tag, project)).not.toThrow();
  expect(() => assertUnchanged(tag, { ...project, name: 'Other' })).toThrow(
    expect.objectContaining({ code: 'precondition_failed' }),
  );
});
