import fc from 'fast-check';
import { expect, test } from 'vitest';
import { differentiate, inferShapes, withCotangent } from '#shared/graph';
import { type Attribute, int, ints, text } from '../../shared/graph/model.ts';
import { floats, int64s } from '../../shared/graph/tensor.ts';
import { derivativeError, distinct, modelOf, noise, open, sizeOf } from './support.ts';

/** A few dozen draws each; the seed is fixed so that a failure repeats. */
const draws = { numRuns: 40, seed: 20261123 };

const side = fc.integer({ min: 7, max: 10 });
const small = fc.integer({ min: 1, max: 3 });
const pad = fc.integer({ min: 0, max: 2 });
const pair = (one: fc.Arbitrary<number>) => fc.tuple(one, one);

test('Conv, for any groups, strides, dilations and (asymmetric) pads', async () => {
  const geometry = fc.record({
    spatial: pair(side),
    kernel: pair(small),
    strides: pair(small),
    dilations: pair(fc.integer({ min: 1, max: 2 })),
    pads: fc.tuple(pad, pad, pad, pad),
    group: fc.constantFrom(1, 2, 4),
    perGroup: fc.integer({ min: 1, max: 2 }),
    auto: fc.constantFrom('NOTSET', 'NOTSET', 'SAME_UPPER', 'SAME_LOWER', 'VALID'),
  });
  await fc.assert(
    fc.asyncProperty(geometry, async ({ spatial, kernel, strides, dilations, pads, group, perGroup, auto }) => {
      // The runtime itself computes SAME only without dilation.
      const own = auto.startsWith('SAME') ? [1, 1] : dilations;
      const x = { shape: [2, 4, ...spatial], data: noise(8 * sizeOf(spatial), 4) };
      const weights = [group * perGroup, 4 / group, ...kernel];
      const model = modelOf({
        operator: 'Conv',
        x,
        constants: [floats(noise(sizeOf(weights), 8), weights), floats(noise(group * perGroup))],
        attributes: {
          strides: ints(strides),
          dilations: ints(own),
          group: int(group),
          ...(auto === 'NOTSET' ? { pads: ints(pads) } : { auto_pad: text(auto) }),
        },
      });
      expect(await derivativeError(model, x, { step: 0.1, directions: 2 })).toBeLessThan(1e-3);
    }),
    draws,
  );
});

test('MaxPool and AveragePool, overlapping or not, with pads and ceil_mode', async () => {
  const geometry = fc.record({
    operator: fc.constantFrom('MaxPool', 'AveragePool'),
    spatial: pair(side),
    kernel: pair(fc.integer({ min: 2, max: 3 })),
    strides: pair(small),
    // AveragePool has dilations from set 19 on.
    dilations: pair(fc.integer({ min: 1, max: 2 })),
    pads: fc.tuple(...[0, 1, 2, 3].map(() => fc.integer({ min: 0, max: 1 }))),
    ceil: fc.integer({ min: 0, max: 1 }),
    countPadding: fc.integer({ min: 0, max: 1 }),
  });
  await fc.assert(
    fc.asyncProperty(geometry, async ({ operator, spatial, kernel, strides, dilations, pads, ceil, countPadding }) => {
      const length = 4 * sizeOf(spatial);
      const x = { shape: [2, 2, ...spatial], data: distinct(length, 4) };
      const average: Record<string, Attribute> =
        operator === 'AveragePool' ? { count_include_pad: int(countPadding) } : {};
      const model = modelOf({
        operator,
        x,
        attributes: {
          kernel_shape: ints(kernel),
          strides: ints(strides),
          dilations: ints(dilations),
          pads: ints(pads),
          ceil_mode: int(ceil),
          ...average,
        },
        opset: 19,
      });
      // Distinct values are 2/length apart: a step of a quarter of that changes no maximum.
      expect(await derivativeError(model, x, { step: 0.5 / length, directions: 2 })).toBeLessThan(2e-3);
    }),
    draws,
  );
});

test('ConvTranspose, for any groups, strides, dilations, pads and output_padding', async () => {
  const geometry = fc.record({
    spatial: pair(fc.integer({ min: 3, max: 6 })),
    kernel: pair(small),
    strides: pair(small),
    dilations: pair(fc.integer({ min: 1, max: 2 })),
    more: pair(fc.integer({ min: 0, max: 2 })),
    pads: fc.tuple(...[0, 1, 2, 3].map(() => fc.integer({ min: 0, max: 1 }))),
    group: fc.constantFrom(1, 2, 4),
    perGroup: fc.integer({ min: 1, max: 2 }),
  });
  await fc.assert(
    fc.asyncProperty(geometry, async ({ spatial, kernel, strides, dilations, more, pads, group, perGroup }) => {
      const x = { shape: [2, 4, ...spatial], data: noise(8 * sizeOf(spatial), 4) };
      const weights = [4, perGroup, ...kernel];
      const model = modelOf({
        operator: 'ConvTranspose',
        x,
        constants: [floats(noise(sizeOf(weights), 8), weights)],
        attributes: {
          strides: ints(strides),
          dilations: ints(dilations),
          output_padding: ints(more.map((size, i) => Math.min(size, strides[i] - 1))),
          pads: ints(pads),
          group: int(group),
        },
      });
      expect(await derivativeError(model, x, { step: 0.1, directions: 2 })).toBeLessThan(1e-3);
    }),
    draws,
  );
});

test('Resize, to any size by any mode', async () => {
  const drawn = fc.record({
    from: pair(fc.integer({ min: 1, max: 6 })),
    to: pair(fc.integer({ min: 1, max: 9 })),
    mode: fc.constantFrom('nearest', 'linear', 'cubic'),
    transformation: fc.constantFrom('half_pixel', 'pytorch_half_pixel', 'align_corners', 'asymmetric'),
    rounding: fc.constantFrom('round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil'),
  });
  await fc.assert(
    fc.asyncProperty(drawn, async ({ from, to, mode, transformation, rounding }) => {
      const x = { shape: [2, 3, ...from], data: noise(6 * sizeOf(from), 4) };
      const model = modelOf({
        operator: 'Resize',
        x,
        constants: [undefined, undefined, int64s([2, 3, ...to])],
        attributes: {
          mode: text(mode),
          coordinate_transformation_mode: text(transformation),
          nearest_mode: text(rounding),
        },
      });
      expect(await derivativeError(model, x, { step: 0.1, directions: 2 })).toBeLessThan(1e-3);
    }),
    draws,
  );
});

test('equal maxima of a window share its gradient, so that none is counted twice', async () => {
  const geometry = fc.record({
    kernel: pair(fc.integer({ min: 2, max: 3 })),
    strides: pair(small),
    ceil: fc.integer({ min: 0, max: 1 }),
  });
  await fc.assert(
    fc.asyncProperty(geometry, fc.integer(), async ({ kernel, strides, ceil }, seed) => {
      // Few different values: most windows have ties.
      const x = { shape: [1, 1, 7, 8], data: noise(56, seed).map((value) => Math.round(value)) };
      const model = modelOf({
        operator: 'MaxPool',
        x,
        attributes: { kernel_shape: ints(kernel), strides: ints(strides), ceil_mode: int(ceil) },
      });
      const { y } = await (await open(model))({ x });
      model.outputs[0].shape = inferShapes(model).get('y')?.shape;
      const run = await open(differentiate(withCotangent(model), { of: 'loss', wrt: 'x' }));
      const cotangent = noise(y.length, 3);
      const { gradient } = await run({ x, cotangent: { data: cotangent, shape: model.outputs[0].shape as number[] } });
      // Raising every pixel by the same raises every maximum by it.
      const sum = (values: Float32Array) => values.reduce((total, value) => total + value, 0);
      expect(sum(gradient)).toBeCloseTo(sum(cotangent), 3);
    }),
    draws,
  );
});

test('broadcasting sums the gradient back to the shape of each side', async () => {
  const dims = fc.array(fc.tuple(fc.integer({ min: 1, max: 3 }), fc.boolean()), { minLength: 1, maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(dims, fc.constantFrom('Add', 'Sub', 'Mul', 'Div'), fc.boolean(), async (axes, operator, first) => {
      // The second flag decides whether x is the side that is repeated along an axis.
      const shape = [2, ...axes.map(([size, repeated]) => (repeated ? 1 : size))];
      const other = axes.map(([size]) => size);
      const x = { shape, data: noise(sizeOf(shape), 6).map((value) => value + 2) };
      const constant = floats(
        noise(sizeOf(other), 7).map((value) => value + 2),
        other,
      );
      expect(
        await derivativeError(modelOf({ operator, x, position: first ? 0 : 1, constants: [constant] }), x),
      ).toBeLessThan(1e-3);
    }),
    draws,
  );
});
