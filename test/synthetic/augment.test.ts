import { describe, expect, test } from 'vitest';
import { augmented, meanColour, normalNoise, random, rangeDeviations, type Square } from '#shared/synthetic';

const size = 128;
const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('noise of the range of photographs', () => {
  test('has the mean colour, whole values, and nine of ten of them well inside of 0..255', () => {
    const { values, side } = normalNoise(100, meanColour, rangeDeviations, random(1, 'test'));
    expect(values.length).toBe(3 * side * side);
    for (const channel of [0, 1, 2]) {
      const plane = [...values.subarray(channel * 1e4, (channel + 1) * 1e4)];
      expect(Math.abs(mean(plane) - meanColour[channel])).toBeLessThan(2);
      const spread = Math.sqrt(mean(plane.map((value) => (value - meanColour[channel]) ** 2)));
      expect(spread / rangeDeviations[channel]).toBeGreaterThan(0.94);
      expect(spread / rangeDeviations[channel]).toBeLessThan(1.01);
      expect(plane.every((value) => Number.isInteger(value) && value >= 0 && value <= 255)).toBe(true);
      expect(plane.filter((value) => value > 0 && value < 255).length).toBeGreaterThan(9000);
    }
  });
});

/** The plane through the values of the first colour at the top left, where no ground is: its slopes across and down. */
function slopes(values: Float32Array): { across: number; down: number } {
  const half = 30;
  const [x0, y0] = [40, 40];
  let [across, down, norm] = [0, 0, 0];
  for (let y = -half; y <= half; y++) {
    for (let x = -half; x <= half; x++) {
      const value = values[(y0 + y) * size + x0 + x];
      across += value * x;
      down += value * y;
      norm += x * x;
    }
  }
  return { across: across / norm, down: down / norm };
}

describe('a look at a picture', () => {
  // A ramp stays a ramp whatever is done to it, and its slope tells scale, angle and mirroring.
  const side = 200;
  const ramp: Square = {
    side,
    values: Float32Array.from({ length: 3 * side * side }, (_, i) => 20 + (200 * (i % side)) / side),
  };
  const draw = random(3, 'looks');
  const looks = Array.from({ length: 400 }, () => {
    const { values, flip } = augmented(ramp, size, draw);
    const { across, down } = slopes(values);
    const steepness = Math.hypot(across, down);
    return {
      flip,
      mirrored: across < 0,
      angle: (Math.atan2(down, across < 0 ? -across : across) * 180) / Math.PI,
      // 200 over the width of the resized picture, of which seven eighths of `size` fill the canvas.
      scale: ((7 / 8) * 200) / size / steepness,
    };
  });
  const share = (is: (look: (typeof looks)[number]) => boolean) => looks.filter(is).length / looks.length;

  test('is mirrored every second time, and says so', () => {
    expect(looks.every(({ flip, mirrored }) => flip === mirrored)).toBe(true);
    expect(Math.abs(share(({ flip }) => flip) - 0.5)).toBeLessThan(0.1);
  });

  test('is of the same size every second time, and otherwise 0.75 to 1.5 times as large', () => {
    const isSame = ({ scale }: { scale: number }) => Math.abs(scale - 1) < 0.02;
    expect(share(isSame)).toBeGreaterThan(0.4);
    expect(share(isSame)).toBeLessThan(0.65);
    const scales = looks.map(({ scale }) => scale);
    expect(Math.min(...scales)).toBeGreaterThan(0.72);
    expect(Math.min(...scales)).toBeLessThan(0.8);
    expect(Math.max(...scales)).toBeGreaterThan(1.4);
    expect(Math.max(...scales)).toBeLessThan(1.55);
  });

  test('is turned every second time, by 3, 5, 7 or 10 degrees either way', () => {
    const near = (angle: number) => share((look) => Math.abs(look.angle - angle) < 0.9);
    expect(Math.abs(near(0) - 0.5)).toBeLessThan(0.1);
    for (const angle of [-10, -7, -5, -3, 3, 5, 7, 10]) expect(near(angle), `${angle}`).toBeGreaterThan(0.02);
    const known = [0, -10, -7, -5, -3, 3, 5, 7, 10].map(near);
    expect(known.reduce((sum, part) => sum + part)).toBeGreaterThan(0.97);
  });

  test('keeps right angles right: what is turned is not sheared', () => {
    // Red grows to the right, green downwards.
    const square: Square = {
      side,
      values: Float32Array.from({ length: 3 * side * side }, (_, i) => {
        const [c, y, x] = [Math.floor(i / side ** 2), Math.floor(i / side) % side, i % side];
        return 20 + (200 * (c === 0 ? x : y)) / side;
      }),
    };
    for (let look = 0; look < 60; look++) {
      const { values, flip } = augmented(square, size, draw);
      const [red, green] = [slopes(values), slopes(values.subarray(size * size))];
      const steepness = Math.hypot(red.across, red.down) * Math.hypot(green.across, green.down);
      const cosine = (red.across * green.across + red.down * green.down) / steepness;
      expect(Math.abs(cosine)).toBeLessThan(0.02);
      // Mirrored, green is on the other side of red.
      const turn = (red.across * green.down - red.down * green.across) / steepness;
      expect(turn).toBeCloseTo(flip ? -1 : 1, 2);
    }
  });

  test('has the ground where there is less picture than canvas, at the right and below', () => {
    const black: Square = { side, values: new Float32Array(3 * side * side) };
    const corners = Array.from({ length: 100 }, () => {
      const { values } = augmented(black, size, draw, [10, 20, 30]);
      return [values[size * size - 1], values[2 * size * size - 1], values.at(-1), values[0]];
    });
    expect(corners).toContainEqual([10, 20, 30, 0]);
    expect(corners).toContainEqual([0, 0, 0, 0]);
  });

  test('of noise has far more low frequencies than noise has, and every second one is blurred', () => {
    const noise = normalNoise(Math.round((500 / 224) * size), meanColour, rangeDeviations, random(2, 'noise'));
    /** Of neighbours across, in units of the variance: 0 for white noise. */
    const correlation = (values: Float32Array) => {
      const inner = Array.from({ length: 30 * 30 }, (_, i) => (4 + Math.floor(i / 30)) * size + 4 + (i % 30));
      const centre = mean(inner.map((at) => values[at]));
      const product = (lag: number) => mean(inner.map((at) => (values[at] - centre) * (values[at + lag] - centre)));
      return product(1) / product(0);
    };
    expect(Math.abs(correlation(noise.values))).toBeLessThan(0.15);
    const all = Array.from({ length: 200 }, () => correlation(augmented(noise, size, draw).values));
    expect(Math.min(...all)).toBeGreaterThan(0.05);
    const blurred = all.filter((value) => value > 0.6).length / all.length;
    expect(blurred).toBeGreaterThan(0.35);
    expect(blurred).toBeLessThan(0.65);
  });
});
