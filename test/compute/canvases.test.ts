import { describe, expect, test } from 'vitest';
import { applyPerturbation } from '#shared/images';
import { writeCanvas } from '../../shared/compute/canvases.ts';

const size = 6;
const plane = size * size;
/** Red counts columns, green counts rows, blue is flat. */
const pixels = Uint8Array.from({ length: 3 * plane }, (_, i) => {
  const [channel, y, x] = [Math.floor(i / plane), Math.floor((i % plane) / size), i % size];
  return [10 * x, 10 * y, 77][channel];
});
const shown = (item: Partial<Parameters<typeof writeCanvas>[1]>, v: Float32Array | null = null) => {
  const out = new Float32Array(3 * plane + 1).fill(-1);
  writeCanvas(pixels, { photo: 0, flip: false, ...item }, size, v, 'clipped', out, 1);
  expect(out[0]).toBe(-1);
  return out.subarray(1);
};
const row = (canvas: Float32Array, channel: number, y = 0) => [
  ...canvas.subarray(channel * plane + y * size, channel * plane + (y + 1) * size),
];

describe('how a photo is shown', () => {
  test('as it is, or mirrored', () => {
    expect([...shown({})]).toEqual([...pixels]);
    expect(row(shown({ flip: true }), 0)).toEqual([50, 40, 30, 20, 10, 0]);
    // Rows stay where they are.
    expect([0, 1, 2, 3, 4, 5].map((y) => row(shown({ flip: true }), 1, y)[0])).toEqual([0, 10, 20, 30, 40, 50]);
  });

  test('moved, with what comes in mirrored at the edge', () => {
    const moved = shown({ shift: [2, -1] });
    expect(row(moved, 0)).toEqual([20, 10, 0, 10, 20, 30]);
    expect([0, 1, 2, 3, 4, 5].map((y) => row(moved, 1, y)[0])).toEqual([10, 20, 30, 40, 50, 40]);
  });

  test('with more or less contrast about middle grey, v and all, within 0..255', () => {
    const v = new Float32Array(3 * plane).fill(4);
    const grey = (value: number) => 127.5 + 2 * (value + 4 - 127.5);
    expect(row(shown({ contrast: 2 }, v), 2)).toEqual(Array(size).fill(grey(77)));
    expect(row(shown({ contrast: 2 }, v), 0)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(row(shown({ contrast: 0.5 }), 0)[2]).toBe(127.5 + 0.5 * (20 - 127.5));
  });

  test('in whole pixels where results are measured, with another contrast too', () => {
    const v = new Float32Array(3 * plane).fill(0.4);
    for (const [contrast, blue] of [
      [1, 77],
      [2, 27],
      [1.5, 52],
    ]) {
      const out = new Float32Array(3 * plane);
      writeCanvas(pixels, { photo: 0, flip: false, contrast }, size, v, 'rounded', out, 0);
      // 127.5 + contrast (77.4 - 127.5)
      expect(row(out, 2)).toEqual(Array(size).fill(blue));
    }
  });

  test('in whole pixels as files have them, whichever photo it is, mirrored and moved too', () => {
    const both = Uint8Array.from({ length: 6 * plane }, (_, i) => (i * 89) % 256);
    const v = Float32Array.from({ length: 3 * plane }, (_, i) => ((i * 7) % 21) - 10.5);
    for (const item of [{}, { flip: true }, { shift: [1, -2] as const }, { zoom: 1 }]) {
      const [clean, measured] = [new Float32Array(3 * plane), new Float32Array(3 * plane + 1).fill(-1)];
      const of = { photo: 1, flip: false, ...item };
      writeCanvas(both, of, size, null, 'rounded', clean, 0);
      writeCanvas(both, of, size, v, 'rounded', measured, 1);
      expect(measured[0]).toBe(-1);
      expect(measured.subarray(1)).toEqual(applyPerturbation(clean, v));
    }
  });

  test('enlarged about its centre, between pixels by their distance', () => {
    const larger = shown({ zoom: 2 });
    expect(row(larger, 0)).toEqual([12.5, 17.5, 22.5, 27.5, 32.5, 37.5]);
    expect([0, 1, 2, 3, 4, 5].map((y) => row(larger, 1, y)[0])).toEqual([12.5, 17.5, 22.5, 27.5, 32.5, 37.5]);
    expect(row(larger, 2)).toEqual([77, 77, 77, 77, 77, 77]);
  });

  test('and then v is added, where it always is', () => {
    const v = new Float32Array(3 * plane);
    v[0] = 200;
    v[5] = -300;
    expect(row(shown({ flip: true }, v), 0)).toEqual([250, 40, 30, 20, 10, 0]);
  });
});
