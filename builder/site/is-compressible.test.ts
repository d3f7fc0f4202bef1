import { expect, test } from 'vitest';
import { contentType } from './content-type.ts';
import { isCompressible } from './is-compressible.ts';

const yes = 'html css js mjs json map svg xml txt md csv rss webmanifest wasm ttf otf eot ico bmp gltf geojson';
const no = 'png jpg webp avif gif mp4 webm mp3 woff woff2 zip gz pdf';

test.each(yes.split(' '))('a file.%s may become smaller', (extension) => {
  expect(isCompressible(contentType(`file.${extension}`))).toBe(true);
});

test.each(no.split(' '))('a file.%s is compressed already, or may be', (extension) => {
  expect(isCompressible(contentType(`file.${extension}`))).toBe(false);
});
