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

test('a dark picture is so many times as bright, one of few colours has so many shades, evenly apart', async () => {
  const dark = await altered(slope, size, { kind: 'dark', amount: 0.25 });
  expect(Array.from(dark)).toEqual(Array.from(slope, (value) => Math.round(value / 4)));
  const few = await altered(slope, size, { kind: 'colours', amount: 4 });
  expect([...new Set(few)].sort((a, b) => a - b)).toEqual([0, 85, 170, 255]);
  for (const [i, value] of few.entries()) expect(Math.abs(value - slope[i])).toBeLessThanOrEqual(42.5);
});

test('a blur leaves a slope as it is, and makes a board grey', async () => {
  const by = { kind: 'blur', amount: 1.5 } as const;
  const seen = await altered(slope, size, by);
  for (let x = 6; x < size - 6; x++) expect(Math.abs(seen[at(1, 16, x)] - slope[at(1, 16, x)])).toBeLessThanOrEqual(1);
  const fine = await altered(board, size, by);
  for (let x = 6; x < size - 6; x++) expect(Math.abs(fine[at(1, 16, x)] - 127.5)).toBeLessThan(3);
});

test('noise has its deviation, and is another one on each picture', async () => {
  const by = { kind: 'noise', amount: 8 } as const;
  const grey = new Uint8Array(3 * size * size).fill(128);
  const lighter = grey.map((value) => value + 1);
  const noiseOf = async (canvas: Uint8Array) => {
    const seen = await altered(canvas, size, by);
    return Array.from(seen, (value, i) => value - canvas[i]);
  };
  const [first, second] = [await noiseOf(grey), await noiseOf(lighter)];
  const deviation = Math.sqrt(first.reduce((sum, value) => sum + value ** 2, 0) / first.length);
  expect(Math.abs(deviation - 8)).toBeLessThan(0.5);
  expect(await noiseOf(grey)).toEqual(first);
  const product = first.reduce((sum, value, i) => sum + value * second[i], 0) / first.length;
  expect(Math.abs(product)).toBeLessThan(0.2 * 64);
});

test('what is drawn has nothing of the photo but that each has its own', async () => {
  const seen = await altered(slope, size, { kind: 'drawn', amount: 1 });
  expect(seen).toHaveLength(slope.length);
  expect(await altered(slope, size, { kind: 'drawn', amount: 1 })).toEqual(seen);
  expect(await altered(slope, size, { kind: 'drawn', amount: 2 })).not.toEqual(seen);
  expect(await altered(board, size, { kind: 'drawn', amount: 1 })).not.toEqual(seen);
});
