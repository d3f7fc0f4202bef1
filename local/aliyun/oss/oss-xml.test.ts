import { expect, test } from 'vitest';
import { childText, parseXml, xmlDocument } from './oss-xml.ts';

test('what is written is read back, whatever is in the text', () => {
  const text = `<&>"' ]]> \r\n é 🔑 &amp;`;
  const read = parseXml(xmlDocument('Root', { A: text, B: [{ C: 1 }, { C: true }], D: undefined }));
  expect(read?.name).toBe('Root');
  expect(read && childText(read, 'A')).toBe(text);
  expect(read?.children.map((child) => child.name)).toEqual(['A', 'B', 'B']);
  expect(read?.children.slice(1).map((child) => childText(child, 'C'))).toEqual(['1', 'true']);
});

test('numeric references and attributes are understood', () => {
  const read = parseXml('<?xml version="1.0"?>\n<R xmlns="urn:x"><K>&#65;&#x42;&#169;</K><E/></R>\n');
  expect(read && childText(read, 'K')).toBe('AB©');
  expect(read && childText(read, 'E')).toBe('');
});

test.each(['', 'text', '<a>', '</a>', '<a></b>', '<a></a><b></b>', '<a/>text', '<a><b></a></b>', '<a>1 < 2</a>'])(
  '%j is not a document',
  (document) => {
    expect(parseXml(document)).toBeUndefined();
  },
);
