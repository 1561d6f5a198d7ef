import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  type Defence,
  differentiate,
  keepsBatchApart,
  type Model,
  prepare,
  readModel,
  whereImagesMix,
  withCotangent,
  withDefence,
  writeModel,
} from '#shared/graph';
import { codecs, throughJpeg } from '../../batch/photos/index.ts';
import { stepsOf } from '../../shared/graph/defences/jpeg.ts';
import { nodeOf } from '../../shared/graph/model.ts';
import { canvasFromRgba, round8 } from '../../shared/images/index.ts';
import { interpolationMatrix } from '../../shared/images/resample.ts';
import { root } from '../cli/atlas.ts';
import { starter } from './starter.ts';
import { noise, open } from './support.ts';

/** Gives the picture itself, as numbers in a row: what a defence leaves of it can be looked at. */
const looking = (size: number): Model => ({
  ...{ irVersion: 8, opset: 17, domains: {}, producer: 'test', name: 'test', metadata: {} },
  inputs: [{ name: 'canvas', type: 'float32', shape: ['N', 3, size, size] }],
  outputs: [{ name: 'logits', type: 'float32', shape: ['N', 3 * size * size] }],
  constants: new Map(),
  nodes: [nodeOf('Flatten', ['canvas'], 'logits')],
});

async function through(defence: Defence, size: number, ...pictures: ArrayLike<number>[]): Promise<Float32Array[]> {
  const run = await open(withDefence(looking(size), defence));
  const data = Float32Array.from(pictures.flatMap((picture) => Array.from(picture)));
  const { logits } = await run({ canvas: { data, shape: [pictures.length, 3, size, size] } });
  const length = 3 * size * size;
  return pictures.map((_, i) => logits.slice(i * length, (i + 1) * length));
}

/** Whole numbers of 0..255, in waves with some noise. */
const picture = (size: number, seed = 1) =>
  noise(3 * size * size, seed).map((value, i) =>
    round8(128 + 20 * value + 90 * Math.sin(i / 7) * Math.cos(i / size / 5)),
  );
const flat = (size: number, value: number) => new Float32Array(3 * size * size).fill(value);
const psnr = (a: ArrayLike<number>, b: ArrayLike<number>) => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] - b[i]) ** 2;
  return 10 * Math.log10((255 ** 2 * a.length) / sum);
};
/** Moved by 3 and 5 pixels: the file has been a JPEG already, and in its own blocks it would stay as it is. */
async function starterPhoto(name: string): Promise<Float32Array> {
  const { decode } = await codecs();
  const canvas = canvasFromRgba(await decode(new Uint8Array(readFileSync(`${root}/zoo/starter/photos/${name}`))), 224);
  return canvas.map((value, i) => canvas[i + 5 * 224 + 3] ?? value);
}

const resizing: Defence = { kind: 'resize', draws: [{ side: 7, down: 1, right: 0 }] };
const all: Defence[] = [
  { kind: 'jpeg', quality: 90 },
  { kind: 'jpeg', quality: 50 },
  { kind: 'median' },
  { kind: 'blur', sigma: 1 },
  { kind: 'bits', bits: 3 },
  { kind: 'variation', weight: 20 },
  resizing,
];

test.each(all)('%j gives whole numbers of 0..255, each picture of a batch as by itself', async (defence) => {
  const pictures = [picture(8), picture(8, 2)];
  const [first, second] = await through(defence, 8, ...pictures);
  const isPixel = (value: number) => Number.isInteger(value) && value >= 0 && value <= 255;
  expect(first.every(isPixel)).toBe(true);
  // Waves go beyond black and white.
  const stripes = Float32Array.from({ length: 192 }, (_, i) => (i % 3 === 0 ? 255 : 0));
  expect((await through(defence, 8, stripes))[0].every(isPixel)).toBe(true);
  expect(first).not.toEqual(pictures[0]);
  expect(first).toEqual((await through(defence, 8, pictures[0]))[0]);
  expect(second).toEqual((await through(defence, 8, pictures[1]))[0]);
});

test.each(all.slice(0, -1))('%j leaves a picture of one grey as it is, also at its edges', async (defence) => {
  const grey = defence.kind === 'bits' ? 255 : 100;
  expect((await through(defence, 8, flat(8, grey)))[0]).toEqual(flat(8, grey));
});

test('fewer bits are evenly spread over 0..255', async () => {
  const ramp = Float32Array.from({ length: 192 }, (_, i) => i);
  const [one] = await through({ kind: 'bits', bits: 1 }, 8, ramp);
  expect([...new Set(one)]).toEqual([0, 255]);
  const [three] = await through({ kind: 'bits', bits: 3 }, 8, ramp);
  expect([...new Set(three)]).toEqual([0, 1, 2, 3, 4, 5].map((level) => Math.round((level * 255) / 7)));
});

test('the median is that of the nine around, the edge repeated', async () => {
  const size = 9;
  const canvas = picture(size);
  const at = (c: number, y: number, x: number) => {
    const [row, column] = [y, x].map((i) => Math.min(size - 1, Math.max(0, i)));
    return canvas[(c * size + row) * size + column];
  };
  const wanted = canvas.map((_, i) => {
    const [c, y, x] = [Math.floor(i / size ** 2), Math.floor(i / size) % size, i % size];
    const around = [-1, 0, 1].flatMap((down) => [-1, 0, 1].map((right) => at(c, y + down, x + right)));
    return around.sort((a, b) => a - b)[4];
  });
  expect((await through({ kind: 'median' }, size, canvas))[0]).toEqual(wanted);
});

test('a blur spreads one bright pixel as its bell says', async () => {
  const size = 15;
  const canvas = flat(size, 0);
  canvas[7 * size + 7] = 255;
  const bell = Array.from({ length: 7 }, (_, i) => Math.exp(-0.5 * (i - 3) ** 2));
  const total = bell.reduce((sum, value) => sum + value, 0);
  const [blurred] = await through({ kind: 'blur', sigma: 1 }, size, canvas);
  for (const [down, right] of [
    [0, 0],
    [0, 1],
    [1, 1],
    [2, 0],
    [0, 3],
  ])
    expect(blurred[(7 + down) * size + 7 + right]).toBe(
      Math.round((255 * bell[3 + down] * bell[3 + right]) / total ** 2),
    );
});

describe('JPEG', () => {
  test('has the steps of Annex K at quality 50, and those of libjpeg at others', () => {
    const table = [16, 11, 99];
    expect(stepsOf(table, 50)).toEqual(table);
    expect(stepsOf(table, 75)).toEqual([8, 6, 50]);
    expect(stepsOf(table, 90)).toEqual([3, 2, 20]);
    expect(stepsOf(table, 30)).toEqual([27, 18, 164]);
    expect(stepsOf(table, 5)).toEqual([160, 110, 255]);
  });

  test.each([90, 50])('of quality %i is the transform written out in double precision', async (quality) => {
    const size = 20;
    const canvas = picture(size);
    const [got] = await through({ kind: 'jpeg', quality }, size, canvas);
    const wanted = jpegWrittenOut(canvas, size, quality);
    const apart = got.map((value, i) => Math.abs(value - wanted[i]));
    // Where a number lies between two steps to the last digit, either may be right.
    expect(apart.filter((value) => value > 1).length / apart.length).toBeLessThan(0.01);
    expect(psnr(got, wanted)).toBeGreaterThan(50);
  });

  test('leaves about what an encoder and a decoder leave of a photo', async () => {
    const photo = await starterPhoto('bison.jpg');
    for (const quality of [90, 75, 50, 30]) {
      const [got] = await through({ kind: 'jpeg', quality }, 224, photo);
      const coded = await throughJpeg(photo, 224, quality);
      expect(Math.abs(psnr(got, photo) - psnr(coded, photo)), `${quality}`).toBeLessThan(1);
      // MozJPEG rounds some waves to the step that costs fewer bits, and not to the nearest.
      expect(psnr(got, coded)).toBeGreaterThan(psnr(coded, photo));
    }
  });
});

/** Halves go to the even number, as the runtime has it. */
const even8 = (value: number) => (value % 1 === 0.5 ? 2 * Math.round(value / 2) : round8(value));

/** Sums as the standard has them, pixel by pixel. */
function jpegWrittenOut(canvas: ArrayLike<number>, size: number, quality: number): number[] {
  const halved = quality < 90;
  const side = Math.ceil(size / (halved ? 16 : 8)) * (halved ? 16 : 8);
  const rgb = (c: number, y: number, x: number) =>
    canvas[(c * size + Math.min(y, size - 1)) * size + Math.min(x, size - 1)];
  const plane = (of: (r: number, g: number, b: number) => number) =>
    Array.from({ length: side }, (_, y) =>
      Array.from({ length: side }, (_, x) => round8(of(rgb(0, y, x), rgb(1, y, x), rgb(2, y, x)))),
    );
  const luma = [
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51,
    87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101,
    72, 92, 95, 98, 112, 100, 103, 99,
  ];
  const chroma = luma
    .map(
      (_, i) => [17, 18, 24, 47, 18, 21, 26, 66, 24, 26, 56, 99, 47, 66, 99, 99][4 * Math.floor(i / 8) + (i % 8)] ?? 99,
    )
    .map((value, i) => (i % 8 > 3 || i >= 32 ? 99 : value));
  const wave = (u: number, x: number) =>
    (u === 0 ? Math.SQRT1_2 : 1) * 0.5 * Math.cos(((2 * x + 1) * u * Math.PI) / 16);
  const coded = (values: number[][], steps: number[]) => {
    const out = values.map((row) => row.slice());
    for (let top = 0; top < values.length; top += 8)
      for (let left = 0; left < values.length; left += 8) {
        const waves = steps.map((step, k) => {
          let sum = 0;
          for (let y = 0; y < 8; y++)
            for (let x = 0; x < 8; x++) sum += (values[top + y][left + x] - 128) * wave(k >> 3, y) * wave(k % 8, x);
          return Math.round(sum / step) * step;
        });
        for (let y = 0; y < 8; y++)
          for (let x = 0; x < 8; x++)
            out[top + y][left + x] = round8(
              128 + waves.reduce((sum, value, k) => sum + value * wave(k >> 3, y) * wave(k % 8, x), 0),
            );
      }
    return out;
  };
  const brightness = coded(
    plane((r, g, b) => 0.299 * r + 0.587 * g + 0.114 * b),
    stepsOf(luma, quality),
  );
  let colours = [
    plane((r, g, b) => -0.168735892 * r - 0.331264108 * g + 0.5 * b + 128),
    plane((r, g, b) => 0.5 * r - 0.418687589 * g - 0.081312411 * b + 128),
  ];
  const half = (values: number[][]) =>
    Array.from({ length: side / 2 }, (_, y) =>
      Array.from({ length: side / 2 }, (_, x) =>
        even8(
          (values[2 * y][2 * x] + values[2 * y + 1][2 * x] + values[2 * y][2 * x + 1] + values[2 * y + 1][2 * x + 1]) /
            4,
        ),
      ),
    );
  const twice = (values: number[][]) => {
    const at = (i: number, k: number) =>
      values[Math.min(side / 2 - 1, Math.max(0, i))][Math.min(side / 2 - 1, Math.max(0, k))];
    return Array.from({ length: side }, (_, y) =>
      Array.from({ length: side }, (_, x) => {
        const [row, column] = [y >> 1, x >> 1];
        const [down, right] = [y % 2 ? 1 : -1, x % 2 ? 1 : -1];
        return even8(
          (9 * at(row, column) +
            3 * at(row + down, column) +
            3 * at(row, column + right) +
            at(row + down, column + right)) /
            16,
        );
      }),
    );
  };
  if (halved) colours = colours.map(half);
  colours = colours.map((values) => coded(values, stepsOf(chroma, quality)));
  if (halved) colours = colours.map(twice);
  const [cb, cr] = colours;
  return Array.from({ length: 3 * size * size }, (_, i) => {
    const [c, y, x] = [Math.floor(i / size ** 2), Math.floor(i / size) % size, i % size];
    const [blue, red] = [cb[y][x] - 128, cr[y][x] - 128];
    return round8(brightness[y][x] + [1.402 * red, -0.344136286 * blue - 0.714136286 * red, 1.772 * blue][c]);
  });
}

describe('total variation', () => {
  const size = 8;
  const variationOf = (v: ArrayLike<number>) => {
    let sum = 0;
    for (let i = 0; i < v.length; i++) {
      const down = Math.floor(i / size) % size < size - 1 ? v[i + size] - v[i] : 0;
      const right = i % size < size - 1 ? v[i + 1] - v[i] : 0;
      sum += Math.hypot(down, right);
    }
    return sum;
  };
  const distance = (a: ArrayLike<number>, b: Float32Array) => b.reduce((sum, value, i) => sum + (value - a[i]) ** 2, 0);

  test('what it makes small is smaller than for the picture itself and for its mean', async () => {
    const canvas = picture(size);
    const [smooth] = await through({ kind: 'variation', weight: 20 }, size, canvas);
    const objective = (v: Float32Array) => variationOf(v) + distance(v, canvas) / (2 * 20);
    const mean = canvas.map((_, i) => {
      const colour = canvas.subarray(64 * Math.floor(i / 64), 64 * Math.floor(i / 64) + 64);
      return colour.reduce((sum, value) => sum + value / 64, 0);
    });
    expect(objective(smooth)).toBeLessThan(0.75 * objective(canvas));
    expect(objective(smooth)).toBeLessThan(objective(mean));
    expect(variationOf(smooth)).toBeLessThan(0.6 * variationOf(canvas));
  });

  test('a step between two halves stays a step: each side moves by weight / width towards the other', async () => {
    // Of a strip of n pixels on either side of one edge, the least of |a - b| + n ((a - 0)^2 + (b - h)^2) / 2w is at a
    // = w / n. Ten rounds do not get all the way there.
    const canvas = Float32Array.from({ length: 192 }, (_, i) => (i % 8 < 4 ? 60 : 180));
    const [smooth] = await through({ kind: 'variation', weight: 4 }, size, canvas);
    expect([smooth[2], smooth[3], smooth[4], smooth[5]]).toEqual([
      expect.closeTo(61, 0),
      expect.closeTo(61, -0.5),
      expect.closeTo(179, -0.5),
      expect.closeTo(179, 0),
    ]);
  });
});

describe('random resizing', () => {
  test('puts the resized picture where the draw says, on black', async () => {
    const canvas = picture(8);
    const draw = { side: 4, down: 3, right: 1 };
    const [got] = await through({ kind: 'resize', draws: [draw] }, 8, canvas);
    const shrink = interpolationMatrix(8, 4);
    const wanted = canvas.map((_, i) => {
      const [c, y, x] = [Math.floor(i / 64), (Math.floor(i / 8) % 8) - 3, (i % 8) - 1];
      if (y < 0 || y > 3 || x < 0 || x > 3) return 0;
      let sum = 0;
      for (let k = 0; k < 64; k++) sum += shrink[8 * y + (k >> 3)] * shrink[8 * x + (k % 8)] * canvas[64 * c + k];
      return Math.round(sum);
    });
    expect(Math.max(...got.map((value, i) => Math.abs(value - wanted[i])))).toBeLessThanOrEqual(0);
  });

  test('takes another draw where one pixel is another, whatever the size of the canvas', async () => {
    for (const size of [8, 600]) {
      const whole = { side: size, down: 0, right: 0 };
      const half = { side: size / 2, down: 0, right: 0 };
      const even = flat(size, 200);
      const odd = even.slice();
      // Green: it is the colour that is looked at.
      odd[size * size] = 201;
      const [first, second] = await through({ kind: 'resize', draws: [whole, half] }, size, even, odd);
      expect(first).toEqual(even);
      expect(second[size * size - 1]).toBe(0);
    }
  });
});

describe('gradients', () => {
  const size = 8;
  const cotangent = { data: noise(192, 3), shape: [1, 192] };
  const gradientOf = async (model: Model, canvas: Float32Array) => {
    const run = await open(differentiate(withCotangent(model), { of: 'loss', wrt: 'canvas' }));
    return (await run({ canvas: { data: canvas, shape: [1, 3, size, size] }, cotangent })).gradient;
  };

  test('pass through rounding: behind fewer bits, and behind a JPEG whose colours keep their size, they are the same', async () => {
    const canvas = picture(size);
    const plain = await gradientOf(looking(size), canvas);
    for (const defence of [
      { kind: 'bits', bits: 3 },
      { kind: 'jpeg', quality: 95 },
    ] as const) {
      const behind = await gradientOf(withDefence(looking(size), defence), canvas);
      const apart = behind.map((value, i) => Math.abs(value - plain[i]));
      expect(Math.max(...apart), defence.kind).toBeLessThan(1e-4);
    }
  });

  test.each(all)('%j has one, for several classes of one photo at a time', async (defence) => {
    const model = withDefence(looking(size), defence);
    expect(keepsBatchApart(model)).toBe(true);
    expect(whereImagesMix(model)).toBeUndefined();
    const gradient = await gradientOf(model, picture(size));
    expect(gradient.every(Number.isFinite)).toBe(true);
    expect(gradient.filter((value) => value !== 0).length).toBeGreaterThan(60);
  });

  test('of a starter model behind a JPEG are found, and it says of a photo what it says of the JPEG', async () => {
    const { model, spec } = starter('squeezenet1_1');
    const prepared = prepare(model, { ...spec, canvas: 224 });
    const defended = withDefence(prepared, { kind: 'jpeg', quality: 75 });
    expect(writeModel(defended).byteLength).toBeLessThan(writeModel(prepared).byteLength + 2 ** 20);
    const photo = await starterPhoto('bison.jpg');
    const [jpeg] = await through({ kind: 'jpeg', quality: 75 }, 224, photo);
    const feed = (data: Float32Array) => ({ canvas: { data, shape: [1, 3, 224, 224] } });
    const [behind, plain] = await Promise.all([open(defended), open(prepared)]);
    const [a, b] = [(await behind(feed(photo))).logits, (await plain(feed(jpeg))).logits];
    expect(Math.max(...a.map((value, i) => Math.abs(value - b[i])))).toBeLessThan(1e-3);
    expect(
      readModel(writeModel(differentiate(withCotangent(defended), { of: 'loss', wrt: 'canvas' }))).outputs,
    ).toHaveLength(3);
  });
});

test('a model that is not prepared is refused', () => {
  const raw = { ...looking(8), inputs: [{ name: 'x', type: 'float32' as const, shape: ['N', 8, 8, 3] }] };
  expect(() => withDefence(raw, { kind: 'median' })).toThrow(/"x" has shape \[N,8,8,3\].*Prepare the model first/);
});
