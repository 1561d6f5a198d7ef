import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canvasFromRgba, canvasToRgba, type Rgba } from '#shared/images';
import { interpolationMatrix } from '../../shared/images/resample.ts';

const sides = fc.integer({ min: 1, max: 60 });
const picture = (width: number, height: number, value: (x: number, y: number, c: number) => number): Rgba => ({
  data: Uint8Array.from(
    Array.from({ length: width * height * 4 }, (_, i) => {
      const at = i >> 2;
      return i % 4 === 3 ? 255 : value(at % width, Math.floor(at / width), i % 4);
    }),
  ),
  width,
  height,
});

/** Far faster than toEqual on large arrays. */
const same = (a: Float32Array, b: Float32Array) => Buffer.from(a.buffer).equals(Buffer.from(b.buffer));

describe('the canvas', () => {
  test('is an exact crop of the centre where the short side has its length already', () => {
    const value = (x: number, y: number, c: number) => (x * 7 + y * 13 + c * 101) % 256;
    const canvas = canvasFromRgba(picture(301, 256, value), 224);
    const expected = new Float32Array(3 * 224 * 224);
    for (let c = 0; c < 3; c++) {
      for (let y = 0; y < 224; y++) {
        for (let x = 0; x < 224; x++) expected[(c * 224 + y) * 224 + x] = value(x + 38, y + 16, c);
      }
    }
    expect(same(canvas, expected)).toBe(true);
  });

  test('of one colour is that colour, whatever the sides', () => {
    fc.assert(
      fc.property(sides, sides, fc.integer({ min: 1, max: 40 }), fc.nat(255), (width, height, size, grey) => {
        const canvas = canvasFromRgba(
          picture(width, height, () => grey),
          size,
        );
        expect(same(canvas, new Float32Array(3 * size * size).fill(grey))).toBe(true);
      }),
    );
  });

  test('is the nearest whole number to what the definition of the filter gives in float64', () => {
    /** The triangle filter as Pillow and torch describe it, about every pixel of the picture and not a window of it. */
    const weightsOf = (from: number, to: number, i: number) => {
      const scale = from / to;
      const raw = Array.from({ length: from }, (_, j) =>
        Math.max(0, 1 - Math.abs(j + 0.5 - (i + 0.5) * scale) / Math.max(1, scale)),
      );
      const total = raw.reduce((sum, weight) => sum + weight, 0);
      return raw.map((weight) => weight / total);
    };
    fc.assert(
      fc.property(
        sides,
        sides,
        fc.integer({ min: 1, max: 24 }),
        fc.infiniteStream(fc.nat(255)),
        (width, height, size, values) => {
          const pixels = Array.from({ length: 3 * width * height }, () => values.next().value as number);
          const value = (x: number, y: number, c: number) => pixels[(c * height + y) * width + x];
          const canvas = canvasFromRgba(picture(width, height, value), size);
          const [wide, high] = [width, height].map((side) =>
            Math.max(size, Math.round((side * Math.round((size * 256) / 224)) / Math.min(width, height))),
          );
          const [left, top] = [wide, high].map((side) => Math.floor((side - size) / 2));
          const columns = Array.from({ length: size }, (_, x) => weightsOf(width, wide, left + x));
          const rows = Array.from({ length: size }, (_, y) => weightsOf(height, high, top + y));
          for (let i = 0; i < canvas.length; i++) {
            const [c, y, x] = [Math.floor(i / size ** 2), Math.floor(i / size) % size, i % size];
            let exact = 0;
            for (const [v, down] of rows[y].entries()) {
              if (down > 0) for (const [u, across] of columns[x].entries()) exact += down * across * value(u, v, c);
            }
            expect(Math.abs(canvas[i] - exact)).toBeLessThanOrEqual(0.5 + 1e-9);
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  test('is mirrored where the picture is, if the crop is in the middle', () => {
    const value = (x: number, y: number, c: number) => (x * x * 3 + y * 29 + c * 50) % 256;
    const canvas = canvasFromRgba(picture(400, 400, value), 32);
    const mirrored = canvasFromRgba(
      picture(400, 400, (x, y, c) => value(399 - x, y, c)),
      32,
    );
    // 37 columns are left of 400, so the crop is 2 from the left and 3 from the right.
    for (let y = 0; y < 96; y++) {
      const row = canvas.subarray(y * 32, y * 32 + 32).toReversed();
      for (const [i, v] of mirrored.subarray(y * 32 + 1, y * 32 + 32).entries())
        expect(Math.abs(v - row[i])).toBeLessThanOrEqual(1);
    }
  });

  test('averages when it reduces: fine stripes become grey', () => {
    const canvas = canvasFromRgba(
      picture(512, 512, (x) => (x % 2) * 255),
      56,
    );
    expect(canvas.every((value) => value === 127 || value === 128)).toBe(true);
  });

  test('has the pixels that Pillow makes', () => {
    // Image.fromarray(red).resize((4, 3), Image.BILINEAR) in Pillow 12, less the last column, which the crop takes
    // away.
    const red = [
      [12, 250, 3, 77, 130, 201],
      [99, 45, 180, 220, 5, 66],
      [31, 8, 144, 90, 255, 17],
      [200, 120, 60, 33, 71, 142],
      [5, 190, 222, 101, 48, 160],
    ];
    const canvas = canvasFromRgba(
      picture(6, 5, (x, y) => red[y][x]),
      3,
    );
    const pillow = [92, 113, 111, 68, 100, 127, 115, 146, 76];
    for (const [i, value] of pillow.entries()) expect(Math.abs(canvas[i] - value)).toBeLessThanOrEqual(1);
  });

  test('is the picture itself where the fit is exact, whichever way up it is', () => {
    const value = (x: number, y: number) => 7 * x + 20 * y;
    const own = canvasFromRgba(picture(9, 9, value), 9, { fit: 'exact' });
    expect(own.slice(0, 81)).toEqual(Float32Array.from({ length: 81 }, (_, i) => value(i % 9, Math.floor(i / 9))));
    // Cropping enlarges to 10 pixels, and takes 9 of them.
    expect(canvasFromRgba(picture(9, 9, value), 9)).not.toEqual(own);
    const turned = canvasFromRgba(picture(9, 9, value), 9, { orientation: 6, fit: 'exact' });
    // Orientation 6: the first row of what is stored is the right side.
    expect(turned.slice(0, 9)).toEqual(Float32Array.from({ length: 9 }, (_, x) => value(0, 8 - x)));
  });

  test('is made of no picture of another size where the fit is exact', () => {
    const wrong = () =>
      canvasFromRgba(
        picture(9, 10, () => 0),
        9,
        { fit: 'exact' },
      );
    expect(wrong).toThrow(/9 x 10 pixels, and only pictures of 9 x 9/);
    expect(wrong).toThrow(expect.objectContaining({ code: 'not-exact' }));
  });

  test('is made of a strip a million pixels long as well', () => {
    const data = new Uint8Array(4_000_000).fill(9);
    expect(canvasFromRgba({ data, width: 1_000_000, height: 1 }, 224).every((value) => value === 9)).toBe(true);
    expect(canvasFromRgba({ data, width: 1, height: 1_000_000 }, 224).every((value) => value === 9)).toBe(true);
  });

  test('is not made of a picture without pixels', () => {
    expect(() => canvasFromRgba({ data: new Uint8Array(), width: 0, height: 0 }, 224)).toThrow(RangeError);
    expect(() => canvasFromRgba({ data: new Uint8Array(4), width: 2, height: 2 }, 224)).toThrow(RangeError);
  });

  test('is a picture again by canvasToRgba', () => {
    const canvas = Float32Array.from({ length: 12 }, (_, i) => i * 20);
    expect(Array.from(canvasToRgba(canvas, 2).data)).toEqual([
      0, 80, 160, 255, 20, 100, 180, 255, 40, 120, 200, 255, 60, 140, 220, 255,
    ]);
  });
});

describe('interpolation matrices', () => {
  test('have rows of weights that are not negative and sum to 1', () => {
    fc.assert(
      fc.property(sides, sides, (from, to) => {
        const matrix = interpolationMatrix(from, to);
        for (let i = 0; i < to; i++) {
          const row = matrix.subarray(i * from, (i + 1) * from);
          expect(row.every((weight) => weight >= 0)).toBe(true);
          expect(row.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 5);
        }
      }),
    );
  });

  test('leave an axis as it is when nothing is to be resized, and place twice as many samples at the quarters', () => {
    expect(Array.from(interpolationMatrix(3, 3))).toEqual([1, 0, 0, 0, 1, 0, 0, 0, 1]);
    expect(Array.from(interpolationMatrix(2, 4))).toEqual([1, 0, 0.75, 0.25, 0.25, 0.75, 0, 1]);
  });
});

describe('a canvas that is taken pixel for pixel', () => {
  const value = (x: number, y: number, c: number) => (x * 7 + y * 13 + c * 101) % 256;

  test('is the picture itself where it has the size of the canvas', () => {
    const canvas = Float32Array.from({ length: 3 * 40 * 40 }, (_, i) => (i * 37) % 256);
    expect(same(canvasFromRgba(canvasToRgba(canvas, 40), 40, { fit: 'near' }), canvas)).toBe(true);
  });

  test('has a smaller or larger picture at its centre, the edges repeated, and a very different one resized', () => {
    const canvas = canvasFromRgba(picture(35, 52, value), 40, { fit: 'near' });
    for (const [x, y] of [
      [0, 0],
      [2, 5],
      [39, 39],
      [20, 0],
    ]) {
      const [column, row] = [Math.min(34, Math.max(0, x - 2)), y + 6];
      for (let c = 0; c < 3; c++) expect(canvas[(c * 40 + y) * 40 + x]).toBe(value(column, row, c));
    }
    for (const [width, height] of [
      [57, 40],
      [40, 23],
    ])
      expect(
        same(
          canvasFromRgba(picture(width, height, value), 40, { fit: 'near' }),
          canvasFromRgba(picture(width, height, value), 40),
        ),
      ).toBe(true);
  });

  test('is turned as EXIF says', () => {
    // 6: the first row is the right-hand side.
    const turned = canvasFromRgba(picture(40, 40, value), 40, { fit: 'near', orientation: 6 });
    const upright = picture(40, 40, (x, y, c) => value(y, 39 - x, c));
    expect(same(turned, canvasFromRgba(upright, 40, { fit: 'near' }))).toBe(true);
  });
});
