import { expect, test } from 'vitest';
import { energies, energiesOf } from '../../batch/harden/index.ts';

const size = 16;
/** The wave of so many half turns down and across a block, in one colour: in each of the four blocks. */
function wave(channel: number, down: number, across: number, height: number): Float64Array {
  const of = (at: number, turns: number) => Math.cos(((2 * (at % 8) + 1) * turns * Math.PI) / 16);
  return Float64Array.from({ length: 3 * size * size }, (_, i) => {
    const [own, y, x] = [Math.floor(i / size ** 2), Math.floor(i / size) % size, i % size];
    return own === channel ? height * of(y, down) * of(x, across) : 0;
  });
}

test.each([
  [0, 0, 0, 1],
  [1, 2, 5, 1 / 4],
  [2, 7, 0, 1 / 2],
])('a wave of colour %d, %d down and %d across is all in one of the energies', (channel, down, across, share) => {
  const found = energies(wave(channel, down, across, 10), size);
  expect(found).toHaveLength(energiesOf);
  // A block's pixels and its waves have the same sum of squares: 64 x 100 x a half for each way that it waves.
  const expected = Math.log(64 * 100 * share + 0.01);
  const place = 64 * channel + 8 * down + across;
  for (const [i, value] of found.entries()) expect(value).toBeCloseTo(i === place ? expected : Math.log(0.01), 4);
});

test('pixels beyond the last whole block have no say', () => {
  const canvas = Float64Array.from({ length: 3 * 19 * 19 }, (_, i) =>
    i % 19 < 16 && Math.floor(i / 19) % 19 < 16 ? 9 : 255,
  );
  const found = energies(canvas, 19);
  expect(found[0]).toBeCloseTo(Math.log(64 * 81 + 0.01), 4);
  expect(found[1]).toBeCloseTo(Math.log(0.01), 4);
});
