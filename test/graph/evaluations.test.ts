import { InferenceSession, type Tensor as Value } from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { type Model, writeModel } from '#shared/graph';
import { int, ints, text } from '../../shared/graph/model.ts';
import { analyse } from '../../shared/graph/shapes.ts';
import { floats, int64s, type Tensor } from '../../shared/graph/tensor.ts';
import { cases } from './rule-cases.ts';
import { distinct, modelOf, type Operation } from './support.ts';

/** Operators whose constants are left to the runtime, which computes them when a session opens. */
const left = [
  'Attention', 'AveragePool', 'Celu', 'ConvTranspose', 'Einsum', 'Elu', 'Gelu', 'GlobalAveragePool', 'GlobalMaxPool',
  'GridSample', 'GroupNormalization', 'HardSwish', 'LRN', 'LpNormalization', 'MaxPool', 'Mean', 'Mish', 'PRelu',
  'RMSNormalization', 'ReduceLogSum', 'ReduceLogSumExp', 'Resize', 'Selu', 'Softsign', 'ThresholdedRelu', 'TopK',
]; // biome-ignore format: one list

const values = (shape: number[], data: Float32Array) => ({ shape, data });
const image = values([2, 3, 4, 5], distinct(120));

/** What no gradient rule has, and position encodings, masks and shapes are made of. */
const others: Record<string, Operation[]> = {
  ArgMax: [{ operator: 'ArgMax', x: image, attributes: { axis: int(2) } }],
  ArgMin: [{ operator: 'ArgMin', x: image, attributes: { axis: int(-1), keepdims: int(0) } }],
  Atan: [{ operator: 'Atan', x: image }],
  Ceil: [{ operator: 'Ceil', x: values([6], Float32Array.of(-1.5, -0.5, 0, 0.5, 1.5, 2)) }],
  Conv: [
    {
      operator: 'Conv',
      x: image,
      constants: [floats(distinct(36), [6, 1, 3, 2]), floats(distinct(6))],
      attributes: { group: int(3), strides: ints([2, 1]), dilations: ints([1, 2]), pads: ints([1, 0, 2, 1]) },
    },
  ],
  CumSum: [{ operator: 'CumSum', x: image, constants: [int64s([2], [])] }],
  Equal: [{ operator: 'Equal', x: values([2, 3], Float32Array.of(1, 2, 3, 3, 2, 1)), constants: [floats([1, 2, 3])] }],
  Erf: [{ operator: 'Erf', x: values([9], Float32Array.of(-5, -3.2, -2.9, -0.5, 0, 0.01, 1, 3, 4)) }],
  Floor: [{ operator: 'Floor', x: values([4], Float32Array.of(-1.5, -0.5, 0.5, 2)) }],
  GreaterOrEqual: [{ operator: 'GreaterOrEqual', x: image, constants: [floats([0], [])] }],
  LessOrEqual: [{ operator: 'LessOrEqual', x: image, constants: [floats([0], [])] }],
  Mod: [{ operator: 'Mod', x: image, constants: [floats([0.3], [])], attributes: { fmod: int(1) } }],
  NonZero: [{ operator: 'NonZero', x: values([2, 3], Float32Array.of(0, 2, 0, 1, 0, -1)) }],
  ReduceProd: [{ operator: 'ReduceProd', x: values([2, 3], Float32Array.of(1, 2, 3, 4, 5, 6)) }],
  Round: [{ operator: 'Round', x: values([7], Float32Array.of(-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 2.6)) }],
  Sign: [{ operator: 'Sign', x: values([3], Float32Array.of(-2, 0, 5)) }],
  Sinh: [{ operator: 'Sinh', x: image }],
  Tan: [{ operator: 'Tan', x: image }],
  Trilu: [
    { operator: 'Trilu', x: image, constants: [int64s([1], [])] },
    { operator: 'Trilu', x: image, attributes: { upper: int(0) } },
  ],
  Pad: [
    {
      operator: 'Pad',
      x: image,
      constants: [int64s([0, 0, 1, 2, 0, 0, 2, 1])],
      attributes: { mode: text('wrap') },
      opset: 19,
    },
  ],
};

/** The same model with x among its constants. */
function constantOnly(operation: Operation): Model {
  const model = modelOf(operation);
  const x: Tensor = { type: 'float32', shape: operation.x.shape, data: operation.x.data };
  const constants = new Map([...model.constants, ['x', x]]);
  const { type = 'float32' } = analyse({ ...model, inputs: [], constants }).types.get('y') ?? {};
  return { ...model, inputs: [], constants, outputs: [{ name: 'y', type, shape: undefined }] };
}

async function byRuntime(model: Model): Promise<Value> {
  const session = await InferenceSession.create(writeModel(model), {
    graphOptimizationLevel: 'disabled',
    logSeverityLevel: 3,
  });
  return (await session.run({})).y;
}

describe('what is computed while folding is what the runtime computes', () => {
  const computed = Object.entries({ ...cases }).filter(([operator]) => !left.includes(operator));
  for (const [operator, operations] of [...computed, ...Object.entries(others)]) {
    for (const [i, operation] of operations.entries()) {
      test(`${operator} ${i + 1}`, async () => {
        const model = constantOnly(operation);
        const folded = analyse(model).constants.get('y');
        const expected = await byRuntime(model);
        expect(folded?.shape).toEqual(expected.dims);
        expect(folded?.type).toBe(expected.type);
        const numbers = Array.from(expected.data as Float32Array, Number);
        expect(Array.from(folded?.data as Float32Array, Number).length).toBe(numbers.length);
        for (const [at, value] of numbers.entries()) expect(Number(folded?.data[at])).toBeCloseTo(value, 4);
      });
    }
  }
});

test('whole numbers leave a rest of the sign of the divisor', async () => {
  // As Python has it: -7 % 3, 7 % -3, -6 % 3.
  const [x, y] = [int64s([-7, 7, -6, 7]), int64s([3, -3, 3, 3])];
  const model = modelOf({ operator: 'Mod', x: image });
  const rest: Model = {
    ...model,
    inputs: [],
    outputs: [{ name: 'y', type: 'int64', shape: [4] }],
    constants: new Map([
      ['x', x],
      ['by', y],
    ]),
    nodes: [{ ...model.nodes[0], inputs: ['x', 'by'] }],
  };
  const folded = Array.from(analyse(rest).constants.get('y')?.data ?? [], Number);
  expect(folded).toEqual([2, -2, 0, 1]);
  expect(Array.from((await byRuntime(rest)).data as BigInt64Array, Number)).toEqual(folded);
});

test('what is not computed is left to the runtime', () => {
  for (const operator of left) {
    expect(analyse(constantOnly(cases[operator][0])).constants.has('y'), operator).toBe(false);
  }
});
