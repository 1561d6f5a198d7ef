import { describe, expect, test } from 'vitest';
import { inspect, type Model, type Node } from '#shared/graph';
import { type Attribute, int, ints } from '../../shared/graph/model.ts';
import { floats, int64s, type Tensor } from '../../shared/graph/tensor.ts';
import { noise, sizeOf } from './support.ts';

const weights = (shape: number[]): Tensor => floats(noise(sizeOf(shape)), shape);

type Step = [operator: string, inputs: string[], output: string, attributes?: Record<string, Attribute>];

function network(input: (number | string)[], steps: Step[], constants: Record<string, Tensor> = {}): Model {
  const nodes = steps.map(
    ([operator, inputs, output, attributes = {}]): Node => ({
      operator,
      domain: '',
      name: `the ${operator}`,
      inputs,
      outputs: [output],
      attributes,
    }),
  );
  return {
    irVersion: 8,
    opset: 17,
    domains: {},
    producer: 'test',
    name: 'test',
    inputs: [{ name: 'x', type: 'float32', shape: input }],
    outputs: [{ name: nodes.at(-1)!.outputs[0], type: 'float32', shape: undefined }],
    constants: new Map(Object.entries(constants)),
    nodes,
    metadata: {},
  };
}

/** A classifier of 8x8 images in three steps; what comes first and last can be changed. */
const classifier = ({
  before = [],
  constants = {},
  input = ['N', 3, 8, 8],
  producer = 'test',
}: {
  before?: Step[];
  constants?: Record<string, Tensor>;
  input?: (number | string)[];
  producer?: string;
} = {}): Model => ({
  ...network(
    input,
    [
      ...before,
      ['Conv', [before.at(-1)?.[2] ?? 'x', 'w'], 'c'],
      ['GlobalAveragePool', ['c'], 'p'],
      ['Flatten', ['p'], 'logits'],
    ],
    { w: weights([10, 3, 3, 3]), ...constants },
  ),
  producer,
});

describe('the FLOPs of', () => {
  const cases: [string, number, Model][] = [
    // 6x6 places, 10 filters of 3x3x3.
    ['Conv', 2 * 36 * 10 * 27, classifier()],
    [
      'Conv in groups with a stride',
      2 * 16 * 12 * 9,
      network(
        ['N', 12, 8, 8],
        [['Conv', ['x', 'w'], 'y', { group: int(12), strides: ints([2, 2]), pads: ints([1, 1, 1, 1]) }]],
        {
          w: weights([12, 1, 3, 3]),
        },
      ),
    ],
    // Each of 8x8x3 values is spread over 5 channels of 2x2.
    [
      'ConvTranspose',
      2 * 192 * 20,
      network(['N', 3, 8, 8], [['ConvTranspose', ['x', 'w'], 'y']], { w: weights([3, 5, 2, 2]) }),
    ],
    ['Gemm', 2 * 7 * 5, network(['N', 7], [['Gemm', ['x', 'w'], 'y']], { w: weights([7, 5]) })],
    ['MatMul', 2 * 4 * 7 * 5, network(['N', 4, 7], [['MatMul', ['x', 'w'], 'y']], { w: weights([7, 5]) })],
    [
      'Einsum',
      2 * 4 * 7 * 5,
      network(['N', 4, 7], [['Einsum', ['x', 'w'], 'y', { equation: { kind: 'string', value: 'nij,jk->nik' } }]], {
        w: weights([7, 5]),
      }),
    ],
    [
      'Attention',
      2 * 2 * 6 * 6 * (5 + 4),
      network(['N', 2, 6, 5], [['Attention', ['x', 'x', 'v'], 'y']], { v: weights([1, 2, 6, 4]) }),
    ],
    [
      'a file that takes three images at once, for one',
      2 * 7 * 5,
      network([3, 7], [['Gemm', ['x', 'w'], 'y']], { w: weights([7, 5]) }),
    ],
    ['an image of no declared size, at 224 pixels', 2 * 222 ** 2 * 270, classifier({ input: ['N', 3, 'h', 'w'] })],
  ];
  test.each(cases)('%s', (_what, flops, model) => {
    expect(inspect(model).flops).toBe(flops);
  });
});

describe('the input', () => {
  test('is described by layout, size, channels and batch', () => {
    expect(inspect(classifier()).input).toMatchObject({ layout: 'NCHW', size: 8, channels: 3, batch: 'any' });
    const last = classifier({
      input: [2, 8, 8, 3],
      before: [['Transpose', ['x'], 't', { perm: ints([0, 3, 1, 2]) }]],
    });
    expect(inspect(last).input).toMatchObject({ layout: 'NHWC', size: 8, channels: 3, batch: 2 });
  });

  const scaled = (scale: number, mean: number[]) =>
    classifier({
      before: [
        ['Mul', ['x', 'scale'], 's'],
        ['Sub', ['s', 'mean'], 'd'],
      ],
      constants: { scale: floats([scale], []), mean: floats(mean, [1, 3, 1, 1]) },
    });
  test.each<[string, Model, object]>([
    ['scales by 1/127.5 itself', scaled(1 / 127.5, [1, 1, 1]), { range: 255, mean: [0, 0, 0] }],
    [
      // As one step, 1 * x + 4: the mean that is subtracted from 0..255 where nothing else is scaled.
      'scales, shifts and scales back',
      classifier({
        before: [
          ['Mul', ['x', 'quarter'], 's'],
          ['Add', ['s', 'one'], 't'],
          ['Mul', ['t', 'four'], 'd'],
        ],
        constants: { quarter: floats([0.25], []), one: floats([1], []), four: floats([4], []) },
      }),
      { range: 255, mean: [0, 0, 0] },
    ],
    ['maps 0..1 to -1..1 itself', scaled(2, [1, 1, 1]), { range: 1, mean: [0, 0, 0] }],
    ['subtracts the means of Caffe itself', scaled(1, [104, 117, 123]), { range: 255, mean: [0, 0, 0] }],
    [
      'comes from PyTorch',
      classifier({ producer: 'pytorch' }),
      { range: 1, mean: [0.485, 0.456, 0.406], channelOrder: 'RGB' },
    ],
    ['comes from Caffe2', classifier({ producer: 'onnx-caffe2' }), { range: 255, channelOrder: 'BGR' }],
    ['comes from TensorFlow', classifier({ producer: 'tf2onnx' }), { range: 255, mean: [127.5, 127.5, 127.5] }],
  ])('of a model that %s is guessed to be preprocessed so', (_what, model, guess) => {
    expect(inspect(model).preprocessing).toMatchObject(guess);
  });
});

describe('what stands in the way of a gradient', () => {
  test('is an operator without a rule, by its node', () => {
    const model = classifier({ before: [['Sinh', ['x'], 's']] });
    expect(inspect(model)).toMatchObject({
      preparable: true,
      differentiable: false,
      craftable: false,
      missing: [{ operator: 'Sinh', node: 'the Sinh' }],
      gradientReason: expect.stringMatching(/Sinh node "the Sinh".*Supported are: Abs, Add/),
    });
  });

  test('is a node that its rule refuses', () => {
    const model = classifier({
      before: [['Resize', ['x', '', 'scales'], 'r', { antialias: int(1), mode: { kind: 'string', value: 'linear' } }]],
      constants: { scales: floats([1, 1, 0.5, 0.5]) },
    });
    const found = inspect({ ...model, opset: 18 });
    expect(found.differentiable).toBe(false);
    expect(found.missing).toEqual([
      {
        operator: 'Resize',
        node: 'the Resize',
        reason: expect.stringMatching(/the Resize.*antialiased, which has no/),
      },
    ]);
  });

  test('may be in the way of crafting alone, which takes any batch', () => {
    // Where the cut begins is known for one image; for any batch it is the batch's size.
    const model = classifier({
      before: [
        ['Shape', ['x'], 'shape', { start: int(0), end: int(1) }],
        ['Slice', ['x', 'shape', 'end', 'axis'], 'rows'],
      ],
      constants: { end: int64s([8]), axis: int64s([2]) },
    });
    expect(inspect(model)).toMatchObject({
      differentiable: true,
      craftable: false,
      craftReason: expect.stringMatching(/of unknown size/),
    });
  });

  test('is the node whose result changes by steps, where all goes through it', () => {
    const model = classifier({
      before: [
        ['ArgMax', ['x'], 'largest', { axis: int(1) }],
        ['Cast', ['largest'], 'number', { to: int(1) }],
        ['Concat', ['number', 'number', 'number'], 'colours', { axis: int(1) }],
      ],
    });
    expect(inspect(model)).toMatchObject({
      differentiable: false,
      missing: [{ operator: 'ArgMax', node: 'the ArgMax' }],
      gradientReason: expect.stringMatching(
        /only by way of the ArgMax node "the ArgMax", whose result changes by steps/,
      ),
    });
  });

  test('is that images of a batch influence each other, if only for crafting', () => {
    const statistics = classifier({
      before: [
        ['ReduceMean', ['x'], 'mean', { axes: ints([0, 2, 3]), keepdims: int(0) }],
        ['BatchNormalization', ['x', 'one', 'one', 'mean', 'one'], 'normal'],
      ],
      constants: { one: floats([1, 1, 1]) },
    });
    const influence = expect.stringMatching(
      /images of a batch influence each other at the ReduceMean node "the ReduceM/,
    );
    expect(inspect(statistics)).toMatchObject({
      preparable: true,
      differentiable: true,
      craftable: false,
      craftReason: influence,
      imagesMix: influence,
    });
    expect(inspect(classifier())).toMatchObject({ craftable: true, imagesMix: null });
  });

  test('is nothing where the operator lies beside the path', () => {
    const model = classifier({
      before: [
        ['Sinh', ['constant'], 's'],
        ['Add', ['x', 's'], 'a'],
      ],
      constants: { constant: weights([1, 3, 8, 8]) },
    });
    expect(inspect(model)).toMatchObject({ differentiable: true, craftable: true, missing: [] });
  });
});

test('parameters are counted by shape: weights that nobody needs stay unread', () => {
  const model = classifier();
  const unread: Tensor = {
    type: 'float32',
    shape: [1000, 1000],
    get data(): never {
      throw new Error('the weights were read');
    },
  };
  model.constants.set('unread', unread);
  expect(inspect(model).parameters).toBe(1_000_270);
});

test('quantised weights are told from quantised activations', () => {
  expect(inspect(classifier()).quantised).toBeNull();
  const scale = floats([0.1], []);
  const zero: Tensor = { type: 'int8', shape: [], data: Int8Array.of(0) };
  const stored: Tensor = { type: 'int8', shape: [10, 3, 3, 3], data: new Int8Array(270) };
  const constants = { scale, zero, stored };
  const dequantised: Step = ['DequantizeLinear', ['stored', 'scale', 'zero'], 'w'];
  const rest: Step[] = [
    ['Conv', ['x', 'w'], 'c'],
    ['GlobalAveragePool', ['c'], 'p'],
    ['Flatten', ['p'], 'logits'],
  ];
  expect(inspect(network(['N', 3, 8, 8], [dequantised, ...rest], constants)).quantised).toBe('weights');
  const activations: Step[] = [
    ['QuantizeLinear', ['x', 'scale', 'zero'], 'q'],
    ['DequantizeLinear', ['q', 'scale', 'zero'], 'xq'],
  ];
  const both = network(
    ['N', 3, 8, 8],
    [dequantised, ...activations, ['Conv', ['xq', 'w'], 'c'], ...rest.slice(1)],
    constants,
  );
  expect(inspect(both).quantised).toBe('weights and activations');
});
