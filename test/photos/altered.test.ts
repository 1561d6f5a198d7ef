import { expect, test } from 'vitest';
import { altered, throughJpeg } from '../../batch/photos/index.ts';

const size = 32;
const at = (channel: number, y: number, x: number) => (channel * size + y) * size + x;
/** A slope in each colour, another one in each. */
const slope = Uint8Array.from({ length: 3 * size * size }, (_, i) => {
  const [channel, y, x] = [Math.floor(i / size ** 2), Math.floor(i / size) % size, i % size];
  return 40 * channel + 3 * x + 2 * y;
});
/** One pixel in two is white. */
const board = Uint8Array.from({ length: 3 * size * size }, (_, i) => 255 * ((i + Math.floor(i / size)) % 2));

test('a canvas that was made smaller and larger again keeps its slopes, and loses what is finer', async () => {
  const by = { kind: 'resize', amount: 0.5 } as const;
  const seen = await altered(slope, size, by);
  expect(seen).toHaveLength(slope.length);
  for (const [channel, y, x] of [
    [0, 10, 10],
    [1, 15, 20],
    [2, 20, 6],
  ])
    expect(Math.abs(seen[at(channel, y, x)] - slope[at(channel, y, x)])).toBeLessThanOrEqual(1);
  const fine = await altered(board, size, by);
  for (let x = 4; x < size - 4; x++) expect(Math.abs(fine[at(1, 16, x)] - 127.5)).toBeLessThan(20);
});

test('a crop shows the middle, enlarged', async () => {
  // 28 of 32 pixels a side: the slope is 7/8 as steep, about the same middle.
  const seen = await altered(slope, size, { kind: 'crop', amount: 0.875 });
  const [left, right] = [seen[at(0, 16, 4)], seen[at(0, 16, 27)]];
  expect((right - left) / 23).toBeCloseTo(3 * (32 / 37), 1);
  expect(Math.abs(seen[at(2, 16, 16)] - slope[at(2, 16, 16)])).toBeLessThanOrEqual(2);
});

test('a JPEG is what an encoder leaves of it', async () => {
  const seen = await altered(slope, size, { kind: 'jpeg', amount: 50 });
  expect(seen).toEqual(await throughJpeg(slope, size, 50));
  expect(seen).not.toEqual(slope);
});
