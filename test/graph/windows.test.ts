import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Attribute, int, ints, text } from '../../shared/graph/model.ts';
import { floats } from '../../shared/graph/tensor.ts';
import { derivativeError, distinct, modelOf, noise, sizeOf } from './support.ts';

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
    pads: fc.tuple(...[0, 1, 2, 3].map(() => fc.integer({ min: 0, max: 1 }))),
    ceil: fc.integer({ min: 0, max: 1 }),
    countPadding: fc.integer({ min: 0, max: 1 }),
  });
  await fc.assert(
    fc.asyncProperty(geometry, async ({ operator, spatial, kernel, strides, pads, ceil, countPadding }) => {
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
          pads: ints(pads),
          ceil_mode: int(ceil),
          ...average,
        },
      });
      // Distinct values are 2/length apart: a step of a quarter of that changes no maximum.
      expect(await derivativeError(model, x, { step: 0.5 / length, directions: 2 })).toBeLessThan(2e-3);
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
