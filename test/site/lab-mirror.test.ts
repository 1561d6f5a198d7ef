/** What the lab takes of a camera's picture, and what it says of one that gives none. */
import { expect, test } from 'vitest';
import { LabError } from '../../site/lab/failure.ts';
import { causeOf, squareOf } from '../../site/lab/mirror.ts';

test('a camera is seen as a photograph is: the middle of it, without the margin, or all of the short side', () => {
  expect(squareOf(640, 480, 'crop')).toEqual({ left: 110, top: 30, side: 420 });
  expect(squareOf(480, 640, 'exact')).toEqual({ left: 0, top: 80, side: 480 });
});

test.each([
  [new DOMException('', 'NotAllowedError'), 'not allowed'],
  [new DOMException('', 'NotFoundError'), 'no camera'],
  [new DOMException('', 'NotReadableError'), 'in use elsewhere'],
  [new TypeError('x is undefined'), 'gives no picture in this browser'],
  [undefined, 'gives no picture in this browser'],
  [new LabError('network'), 'could not be started'],
])('a failure is told in words: %s', (error, words) => {
  expect(causeOf(error)).toContain(words);
});
