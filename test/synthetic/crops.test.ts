import { describe, expect, test } from 'vitest';
import { cropOf, random } from '#shared/synthetic';

const size = 64;
const plane = size * size;
/** Red counts columns, green counts rows: what a crop shows of them tells where it was cut, and how large. */
const ramps = Float32Array.from({ length: 3 * plane }, (_, i) => {
  const [c, y, x] = [Math.floor(i / plane), Math.floor(i / size) % size, i % size];
  return [x, y, 7][c];
});
const middle = size / 2;

function crops(count: number) {
  const draw = random(5, 'crops');
  const out = new Float32Array(3 * plane);
  return Array.from({ length: count }, () => {
    cropOf(ramps, size, draw, out);
    // Slopes about the middle, where nothing is cut off at an edge.
    const width = size * (out[middle * size + middle + 1] - out[middle * size + middle]);
    const height = size * (out[plane + (middle + 1) * size + middle] - out[plane + middle * size + middle]);
    // The middle of the canvas lies half a pixel right of, and below, the pixel before it.
    const centre = (at: number, slope: number) => out[at] + slope / size / 2 + 0.5;
    return {
      ...{ width, height },
      left: centre(middle * size + middle - 1, width) - width / 2,
      top: centre(plane + (middle - 1) * size + middle, height) - height / 2,
      blue: out.subarray(2 * plane).every((value) => value === 7),
    };
  });
}

describe('random crops', () => {
  const all = crops(1000);
  const areas = all.map(({ width, height }) => (width * height) / plane);
  const ratios = all.map(({ width, height }) => width / height);

  test('are of 8 to 100 % of the area', () => {
    expect(Math.min(...areas)).toBeGreaterThan(0.07);
    expect(Math.min(...areas)).toBeLessThan(0.1);
    expect(Math.max(...areas)).toBeGreaterThan(0.9);
    expect(Math.max(...areas)).toBeLessThanOrEqual(1);
    const mean = areas.reduce((sum, area) => sum + area, 0) / areas.length;
    expect(mean).toBeGreaterThan(0.47);
    expect(mean).toBeLessThan(0.58);
  });

  test('have sides of 3:4 to 4:3, and both', () => {
    expect(Math.min(...ratios)).toBeGreaterThan(0.7);
    expect(Math.min(...ratios)).toBeLessThan(0.78);
    expect(Math.max(...ratios)).toBeLessThan(1.42);
    expect(Math.max(...ratios)).toBeGreaterThan(1.28);
  });

  test('lie anywhere within the picture', () => {
    const small = all.filter(({ width, height }) => width < size / 2 && height < size / 2);
    for (const { left, top, width, height } of all) {
      expect(left).toBeGreaterThan(-0.51);
      expect(top).toBeGreaterThan(-0.51);
      expect(left + width).toBeLessThan(size + 0.51);
      expect(top + height).toBeLessThan(size + 0.51);
    }
    for (const place of ['left', 'top'] as const) {
      expect(Math.min(...small.map((crop) => crop[place]))).toBeLessThan(3);
      expect(Math.max(...small.map((crop) => crop[place]))).toBeGreaterThan(size / 2 + 2);
    }
  });

  test('are interpolated between pixels, across and down, and leave flat colours flat', () => {
    // A small crop of a ramp is a ramp: with repeated pixels its slope would be 0 or 1 from pixel to pixel.
    for (const { width, height, blue } of all) {
      expect(Math.abs(width - Math.round(width))).toBeLessThan(1e-3);
      expect(Math.abs(height - Math.round(height))).toBeLessThan(1e-3);
      expect(blue).toBe(true);
    }
  });
});
