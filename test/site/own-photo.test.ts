/** Photographs that visitors bring: what is said of them, and how large what the browser makes smaller is. */
import { expect, test } from 'vitest';
import { smaller } from '../../site/lab/own-photo.ts';

test('a photograph of a phone is made smaller to twice a canvas and its margin, whichever way up', () => {
  expect(smaller(8000, 6000)).toEqual({ width: 683, height: 512 });
  expect(smaller(6000, 8000)).toEqual({ width: 512, height: 683 });
});

test('a small one is left as it is, and one that is a line does not grow beyond what a canvas holds', () => {
  expect(smaller(300, 200)).toEqual({ width: 300, height: 200 });
  expect(smaller(1, 100_000)).toEqual({ width: 1, height: 8192 });
});
