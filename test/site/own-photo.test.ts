/** Photographs that visitors bring: what is said of them, and how large what the browser makes smaller is. */
import { expect, test } from 'vitest';
import { adviceFor, kindOf } from '../../site/lab/file-kind.ts';
import { smaller } from '../../site/lab/own-photo.ts';

test('a photograph of a phone is made smaller to twice a canvas and its margin, whichever way up', () => {
  expect(smaller(8000, 6000)).toEqual({ width: 683, height: 512 });
  expect(smaller(6000, 8000)).toEqual({ width: 512, height: 683 });
});

test('a small one is left as it is, and one that is a line does not grow beyond what a canvas holds', () => {
  expect(smaller(300, 200)).toEqual({ width: 300, height: 200 });
  expect(smaller(1, 100_000)).toEqual({ width: 1, height: 8192 });
});

const bytes = (text: string) => Uint8Array.from([...text.padEnd(32, '\0')], (one) => one.charCodeAt(0));

test.each([
  ['\0\0\0\x18ftypheic', 'HEIC'],
  ['\0\0\0\x18ftypmif1', 'HEIF'],
  ['\0\0\0\x1cftypavif', 'AVIF'],
  ['\0\0\0\x18ftypisom', null],
  ['GIF89a', 'GIF'],
  ['BM6', 'BMP'],
  ['II*\0', 'TIFF'],
  ['MM\0*', 'TIFF'],
  ['<?xml version', 'SVG'],
  ['\n<svg ', 'SVG'],
  ['hello', null],
  ['', null],
])('%j is %s', (first, kind) => {
  expect(kindOf(bytes(first))).toBe(kind);
});

test('a JPEG with four channels is in CMYK, and others are what they are', async () => {
  const jpeg = (components: number) =>
    Uint8Array.from([0xff, 0xd8, 0xff, 0xc0, 0, 8 + 3 * components, 8, 0, 9, 0, 9, components, ...Array(40).fill(0)]);
  expect([kindOf(jpeg(4)), kindOf(jpeg(3))]).toEqual(['JPEG in CMYK', 'JPEG']);
});

test('a browser that does not read a file says what it is and what to do', () => {
  expect(adviceFor('a.heic', 'HEIC')).toMatch(/^a\.heic is HEIC, as phones save.*Safari does\. Share it as JPEG/);
  expect(adviceFor('a.tif', 'TIFF')).toBe(
    'This browser cannot read a.tif, which is TIFF. Save it as JPEG or PNG and choose that.',
  );
  expect(adviceFor('a.txt', null)).toContain('cannot read a.txt as a picture.');
});
