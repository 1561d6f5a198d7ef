import { describe, expect, test } from 'vitest';
import { gabor, perlin } from '#shared/synthetic';

describe('Perlin noise', () => {
  const size = 96;
  const wave = 32;
  // So little of the sine that it is a line.
  const of = { waveX: wave, waveY: wave, octaves: 1, sine: 0.01 };
  const noise = perlin(size, of, 3);
  const at = (x: number, y: number) => noise[y * size + x];

  test('is zero at the corners of its cells, and nowhere else all along', () => {
    for (const y of [0, wave, 2 * wave])
      for (const x of [0, wave, 2 * wave]) expect(Math.abs(at(x, y))).toBeLessThan(1e-7);
    expect(Math.max(...noise)).toBeGreaterThan(0.01);
  });

  test('goes smoothly from cell to cell: neither slope nor bend jumps there', () => {
    const bend = (x: number, y: number) => at(x + 1, y) - 2 * at(x, y) + at(x - 1, y);
    const most = (xs: number[]) =>
      Math.max(...xs.flatMap((x) => Array.from({ length: size - 2 }, (_, y) => Math.abs(bend(x, y + 1)))));
    const between = Array.from({ length: wave - 3 }, (_, i) => wave + 2 + i);
    expect(most([wave, 2 * wave])).toBeLessThan(0.5 * most(between));
  });

  test('is another one for another seed, and the same for the same', () => {
    expect(perlin(size, of, 3)).toEqual(noise);
    expect(perlin(size, of, 4)).not.toEqual(noise);
  });
});

describe('Gabor noise', () => {
  test('has the wave and the direction that are asked for', () => {
    const size = 128;
    for (const direction of [0, Math.PI / 6, Math.PI / 2, (3 * Math.PI) / 4]) {
      const wave = 9;
      const pattern = gabor(size, { width: 12, wave, direction, isotropy: 0, density: 3 }, 5);
      /** How much of a plane wave is in it, whose crests lie `length` apart along an angle. */
      const power = (angle: number, length = wave) => {
        let [re, im] = [0, 0];
        pattern.forEach((value, i) => {
          const along = (i % size) * Math.cos(angle) + Math.floor(i / size) * Math.sin(angle);
          re += value * Math.cos((2 * Math.PI * along) / length);
          im += value * Math.sin((2 * Math.PI * along) / length);
        });
        return re * re + im * im;
      };
      // Kernels lie anywhere, so that no single wave is sure to be strong: a band of lengths is.
      const band = (angle: number) => [8.2, 8.6, 9, 9.4, 9.8].reduce((sum, length) => sum + power(angle, length), 0);
      for (const other of [Math.PI / 3, -Math.PI / 3, Math.PI / 2])
        expect(band(direction), `${direction}`).toBeGreaterThan(20 * band(direction + other));
      expect(Math.max(...pattern.map(Math.abs))).toBeCloseTo(1, 6);
    }
  });

  test('is another one for another seed', () => {
    const of = { width: 6, wave: 8, direction: 1, isotropy: 0.3, density: 2 };
    expect(gabor(32, of, 1)).not.toEqual(gabor(32, of, 2));
  });
});
