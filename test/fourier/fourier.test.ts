import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { complex, Fourier } from '#shared/fourier';
import { random } from '#shared/synthetic';

describe('the Fourier transform', () => {
  test('is the sum that defines it, whatever the size, and its inverse leads back', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 15 }), fc.integer({ min: 1, max: 1000 }), (size, seed) => {
        const draw = random(seed, 'picture');
        const given = complex(size * size);
        for (let i = 0; i < size * size; i++) [given.re[i], given.im[i]] = [draw.normal(), draw.normal()];
        const found = { re: given.re.slice(), im: given.im.slice() };
        const fourier = new Fourier(size);
        fourier.forward(found);
        for (const at of [0, size * size - 1, Math.floor(size * size * draw.uniform())]) {
          const [ky, kx] = [Math.floor(at / size), at % size];
          let [re, im] = [0, 0];
          for (let i = 0; i < size * size; i++) {
            const angle = (-2 * Math.PI * (ky * Math.floor(i / size) + kx * (i % size))) / size;
            re += given.re[i] * Math.cos(angle) - given.im[i] * Math.sin(angle);
            im += given.re[i] * Math.sin(angle) + given.im[i] * Math.cos(angle);
          }
          expect(found.re[at]).toBeCloseTo(re, 9);
          expect(found.im[at]).toBeCloseTo(im, 9);
        }
        fourier.inverse(found);
        for (const [i, value] of found.re.entries()) {
          expect(value).toBeCloseTo(given.re[i], 10);
          expect(found.im[i]).toBeCloseTo(given.im[i], 10);
        }
      }),
      { numRuns: 40 },
    );
  });
});
