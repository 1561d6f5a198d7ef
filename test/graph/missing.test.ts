// An operator without a rule is named as such, whatever it breaks on the way: shapes, the batch, or the path itself.
import { describe, expect, test } from 'vitest';
import {
  differentiate,
  GraphError,
  inspect,
  type Model,
  type Node,
  prepare,
  withActivationEnergy,
  withCosine,
  withCotangent,
  withCrossEntropy,
  withMargin,
} from '#shared/graph';
import { type Attribute, describe as describeNode, int, ints, nodeOf } from '../../shared/graph/model.ts';
import { floats, int64s, type Tensor } from '../../shared/graph/tensor.ts';
import { noise } from './support.ts';

const weights = (...shape: number[]): Tensor => floats(noise(shape.reduce((size, dim) => size * dim, 1)), shape);
const integers = (...shape: number[]): Tensor => ({
  ...{ type: 'int8', shape },
  data: Int8Array.from(noise(shape.reduce((size, dim) => size * dim, 1)), (value) => 9 * value),
});
const byte: Tensor = { type: 'uint8', shape: [], data: Uint8Array.of(128) };

interface Place {
  /** What is written where the features [N,8,8,8] are "c" and the next are to be "z". */
  nodes: Node[];
  constants?: Record<string, Tensor>;
}

const named = (
  operator: string,
  inputs: string[],
  output: string,
  attributes: Record<string, Attribute> = {},
): Node => ({
  ...nodeOf(operator, inputs, output, attributes),
  name: 'the odd one',
});
const ofMicrosoft = (node: Node): Node => ({ ...node, domain: 'com.microsoft' });

/** [N,8,8,8] as a sequence of rows [8,N,64], through a recurrent network, as [N,8,1,1] again. */
const recurrent = (operator: string, gates: number): Place => ({
  nodes: [
    nodeOf('Transpose', ['c'], 't', { perm: ints([2, 0, 1, 3]) }),
    nodeOf('Reshape', ['t', 'rows'], 's'),
    named(operator, ['s', 'w', 'r'], 'h', { hidden_size: int(8) }),
    nodeOf('ReduceMean', ['h'], 'm', { axes: ints([0, 1]), keepdims: int(0) }),
    nodeOf('Unsqueeze', ['m', 'last'], 'z'),
  ],
  constants: {
    rows: int64s([8, -1, 64]),
    w: weights(1, gates * 8, 64),
    r: weights(1, gates * 8, 8),
    last: int64s([2, 3]),
  },
});

const places: Record<string, Place> = {
  LSTM: recurrent('LSTM', 4),
  GRU: recurrent('GRU', 3),
  RNN: recurrent('RNN', 1),
  DeformConv: {
    nodes: [nodeOf('Conv', ['c', 'where'], 'o'), named('DeformConv', ['c', 'w', 'o'], 'z')],
    constants: { where: weights(18, 8, 3, 3), w: weights(8, 8, 3, 3) },
  },
  DFT: {
    nodes: [
      nodeOf('Unsqueeze', ['c', 'last'], 'u'),
      named('DFT', ['u'], 'd', { axis: int(3) }),
      nodeOf('ReduceSumSquare', ['d'], 'z', { axes: ints([-1]), keepdims: int(0) }),
    ],
    constants: { last: int64s([-1]) },
  },
  'com.microsoft.FusedConv': {
    nodes: [ofMicrosoft(named('FusedConv', ['c', 'w'], 'z'))],
    constants: { w: weights(8, 8, 3, 3) },
  },
  QLinearConv: {
    nodes: [
      nodeOf('QuantizeLinear', ['c', 'scale', 'zero'], 'q'),
      named('QLinearConv', ['q', 'scale', 'zero', 'w', 'scale', 'none', 'scale', 'zero'], 'y'),
      nodeOf('DequantizeLinear', ['y', 'scale', 'zero'], 'z'),
    ],
    constants: {
      scale: floats([0.1], []),
      zero: byte,
      none: { type: 'int8', shape: [], data: Int8Array.of(0) },
      w: integers(8, 8, 3, 3),
    },
  },
  'com.microsoft.QLinearAdd': {
    nodes: [
      nodeOf('QuantizeLinear', ['c', 'scale', 'zero'], 'q'),
      ofMicrosoft(named('QLinearAdd', ['q', 'scale', 'zero', 'q', 'scale', 'zero', 'scale', 'zero'], 'y')),
      // Quantised values go on as they are before they are widened.
      nodeOf('Identity', ['y'], 'same'),
      nodeOf('DequantizeLinear', ['same', 'scale', 'zero'], 'z'),
    ],
    constants: { scale: floats([0.1], []), zero: byte },
  },
  ConvInteger: {
    nodes: [
      nodeOf('QuantizeLinear', ['c', 'scale', 'zero'], 'q'),
      named('ConvInteger', ['q', 'w', 'zero'], 'y'),
      nodeOf('Cast', ['y'], 'z', { to: int(1) }),
    ],
    constants: { scale: floats([0.1], []), zero: byte, w: integers(8, 8, 3, 3) },
  },
  If: {
    nodes: [
      nodeOf('ReduceMean', ['c'], 'm', { keepdims: int(0) }),
      nodeOf('Greater', ['m', 'limit'], 'large'),
      named('If', ['large'], 'i', {
        then_branch: branch(nodeOf('Relu', ['c'], 'positive')),
        else_branch: branch(nodeOf('Neg', ['c'], 'negative')),
      }),
      // Beside it goes a path that has a gradient: what passes through the branches must not be lost.
      nodeOf('Add', ['c', 'i'], 'z'),
    ],
    constants: { limit: floats([0], []) },
  },
};

function branch(node: Node): Attribute {
  const [name] = node.outputs;
  const outputs = [{ name, type: 'float32' as const, shape: undefined }];
  return { kind: 'graph', value: { name, inputs: [], outputs, constants: new Map(), nodes: [node] } };
}

/** A classifier of 10x10 images with the operator in its middle. */
const classifier = ({ nodes, constants = {} }: Place, batch: number | 'N'): Model => ({
  irVersion: 10,
  opset: 19,
  domains: { 'com.microsoft': 1 },
  producer: 'test',
  name: 'test',
  inputs: [{ name: 'x', type: 'float32', shape: [batch, 3, 10, 10] }],
  outputs: [{ name: 'logits', type: 'float32', shape: [batch, 5] }],
  constants: new Map([...Object.entries(constants), ['first', weights(8, 3, 3, 3)], ['head', weights(8, 5)]]),
  nodes: [
    nodeOf('Conv', ['x', 'first'], 'c'),
    ...nodes,
    nodeOf('GlobalAveragePool', ['z'], 'p'),
    nodeOf('Flatten', ['p'], 'f'),
    nodeOf('MatMul', ['f', 'head'], 'logits'),
  ],
  metadata: {},
});

const preprocessing = {
  ...{ inputSize: 10, canvas: 10, range: 255 as const, channelOrder: 'RGB' as const, layout: 'NCHW' as const },
  ...{ mean: [0, 0, 0] as const, std: [1, 1, 1] as const },
};

describe.each(Object.entries(places))('%s', (name, place) => {
  const says = new RegExp(`There is no gradient rule for the ${name.replaceAll('.', '\\.')} node "the odd one"`);
  const operator = name.split('.').at(-1);

  test('is in the way of a gradient', () => {
    for (const batch of ['N', 1] as const) {
      const found = inspect(classifier(place, batch));
      expect(found).toMatchObject({ differentiable: false, craftable: false });
      expect(found.gradientReason).toMatch(says);
      expect(found.craftReason).toMatch(/There is no (gradient )?rule for the .*"the odd one"/);
      expect(found.missing.map((one) => one.operator)).toContain(operator);
      expect(found.missing.every(({ node }) => node === 'the odd one')).toBe(true);
    }
  });

  test('is in the way of every loss', () => {
    const model = classifier(place, 'N');
    const losses = [
      withCrossEntropy,
      withMargin,
      withCosine,
      withCotangent,
      (m: Model) => withActivationEnergy(m, ['z']),
    ];
    for (const loss of losses) expect(() => differentiate(loss(model), { of: 'loss', wrt: 'x' })).toThrow(says);
  });

  test('is in the way of preparing a file of a fixed batch, and not the batch', () => {
    const attempt = () => prepare(classifier(place, 1), preprocessing);
    // Where the operator is known well enough to tell shapes, nothing is in the way.
    if (inspect(classifier(place, 1)).preparable) return void attempt();
    expect(attempt).toThrow(GraphError);
    expect(attempt).toThrow(/There is no rule for the .*"the odd one": the shape of what it gives is not known/);
  });
});

test('a node without a name that leaves out its first output is called by the next', () => {
  const gru = { ...nodeOf('GRU', ['x', 'w', 'r'], ''), name: '', outputs: ['', 'state'] };
  expect(describeNode(gru)).toBe('GRU node "state"');
});
