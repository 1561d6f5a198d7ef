// Gradient graphs of whole networks, small ones, with every loss and all that is put before and around a network.
import {
  type Attribute,
  layersOf,
  type Model,
  prepare,
  statisticPlaces,
  statisticsOf,
  type Tensor,
  withActivationEnergy,
  withActivationRatio,
  withComparison,
  withCosine,
  withCotangent,
  withCrossEntropy,
  withDefence,
  withExtraClass,
  withInputShape,
  withMargin,
  withStatistics,
} from '#shared/graph';
import { lowerForGpu } from '../../shared/graph/gpu.ts';
import { float, int, ints, nodeOf } from '../../shared/graph/model.ts';
import { floats, int64s } from '../../shared/graph/tensor.ts';
import { type Pair, pairOf } from './gpu-graphs.ts';
import type { Graph } from './gpu-nodes.ts';
import { noise, sizeOf } from './support.ts';

const network = (
  nodes: Model['nodes'],
  constants: Record<string, Tensor>,
  input: Model['inputs'][0],
  output: Model['outputs'][0],
): Model => ({
  ...{ irVersion: 8, opset: 17, domains: {}, producer: 'test', name: 'test', metadata: {} },
  ...{ inputs: [input], outputs: [output], nodes, constants: new Map(Object.entries(constants)) },
});

/** A classifier of five classes, of pictures of 24 x 24 pixels, with one of everything that classifiers have. */
export function tiny(): Model {
  const weights = (seed: number, ...shape: number[]) => floats(noise(sizeOf(shape), seed), shape);
  const parallel = ['Selu', 'Softplus', 'Softsign', 'Mish', 'Celu'];
  return {
    ...network(
      [
        nodeOf('Conv', ['x', 'w1'], 'c1', { strides: ints([2, 2]), pads: ints([1, 1, 1, 1]) }),
        nodeOf('LRN', ['c1'], 'n1', { size: int(5), alpha: float(0.5) }),
        nodeOf('MaxPool', ['n1'], 'm1', { kernel_shape: ints([3, 3]), strides: ints([2, 2]) }),
        nodeOf('PRelu', ['m1', 'w2'], 'p1'),
        nodeOf('Conv', ['p1', 'w3'], 'c2', { group: int(8), strides: ints([2, 2]), pads: ints([1, 1, 1, 1]) }),
        nodeOf('Clip', ['c2', 'low', 'high'], 'r1'),
        ...parallel.map((operator) => nodeOf(operator, ['c2'], operator)),
        nodeOf('Concat', ['r1', ...parallel], 'wide', { axis: int(1) }),
        nodeOf('Max', ['wide', 'w6'], 'larger'),
        nodeOf('Min', ['larger', 'w7'], 'smaller'),
        nodeOf('Sum', ['smaller', 'wide'], 's1'),
        nodeOf('Dropout', ['s1'], 'd1'),
        nodeOf('GroupNormalization', ['d1', 'gs', 'gb'], 'g1', { num_groups: int(6) }),
        nodeOf('AveragePool', ['g1'], 'a1', { kernel_shape: ints([3, 3]) }),
        nodeOf('Flatten', ['a1'], 'f1'),
        nodeOf('Gemm', ['f1', 'w8'], 'scores'),
      ],
      {
        ...{
          w1: weights(1, 8, 3, 3, 3),
          w2: weights(2, 8, 1, 1),
          w3: weights(3, 8, 1, 3, 3),
          w6: weights(6, 48, 1, 1),
        },
        ...{ w7: weights(7, 48, 1, 1), w8: weights(8, 48, 5), low: floats([0], []), high: floats([1], []) },
        ...{ gs: floats([1, 2, 0.5, 1, 1, 2]), gb: floats([0, 1, 2, 0, 0, 1]) },
      },
      { name: 'x', type: 'float32', shape: ['N', 3, 24, 24] },
      { name: 'scores', type: 'float32', shape: ['N', 5] },
    ),
    opset: 18,
  };
}

/** A classifier whose convolutions have channels that fill no vectors: those that the provider computes wrongly. */
export const unfilled = (): Model =>
  prepare(
    network(
      [
        nodeOf('Conv', ['x', 'w1'], 'c1', { strides: ints([2, 2]) }),
        nodeOf('Relu', ['c1'], 'r1'),
        nodeOf('Conv', ['r1', 'w2'], 'c2', { pads: ints([1, 1, 1, 1]) }),
        nodeOf('Conv', ['c2', 'w3'], 'c3', { group: int(2), strides: ints([2, 2]) }),
        nodeOf('GlobalAveragePool', ['c3'], 'a1'),
        nodeOf('Flatten', ['a1'], 'scores'),
      ],
      Object.fromEntries(
        [
          [6, 3, 3, 3],
          [8, 6, 3, 3],
          [12, 4, 3, 3],
        ].map((shape, i) => [`w${i + 1}`, floats(noise(sizeOf(shape), i + 1), shape)]),
      ),
      { name: 'x', type: 'float32', shape: ['N', 3, 24, 24] },
      { name: 'scores', type: 'float32', shape: ['N', 12] },
    ),
    { ...plain, canvas: 20, channelOrder: 'RGB', layout: 'NCHW' },
  );

const plain = { mean: [0.5, 0.4, 0.3], std: [0.25, 0.5, 0.3], range: 1 as const, inputSize: 24 };
/** From canvases of 20 x 20 pixels, which it enlarges. */
export const tinyPrepared = (): Model => prepare(tiny(), { ...plain, canvas: 20, channelOrder: 'BGR', layout: 'NCHW' });

export function canvasesOf(size: number, seed = 30): Tensor {
  return floats(
    noise(6 * size * size, seed).map((value) => Math.round(127 + 110 * value)),
    [2, 3, size, size],
  );
}
const labels = int64s([1, 4]);

/** Every loss of a prepared model, and what it is fed besides the canvas. */
export function losses(model: Model, classes: number): [string, Model, Record<string, Tensor>][] {
  const rows = floats(noise(2 * classes, 5), [2, classes]);
  const cosine = { reference: rows, centre: floats(noise(classes, 6)) };
  const activated = layersOf(model).map((layer) => layer.activated);
  const linear = layersOf(model).map((layer) => layer.linear);
  return [
    ['cross-entropy', withCrossEntropy(model), { labels }],
    ['cross-entropy, bounded', withCrossEntropy(model, { clampAt: 2 }), { labels }],
    ['margin', withMargin(model), { labels }],
    ['margin, bounded', withMargin(model, { clampAt: 3 }), { labels }],
    ['cosine', withCosine(model), cosine],
    ['cosine that evades a class', withCosine(model, { evade: 0.3 }), cosine],
    ['weighted logits', withCotangent(model), { cotangent: rows }],
    ['activation energy', withActivationEnergy(model, activated), {}],
    ['activation ratio', withActivationRatio(model, linear, { negativeWeight: 0.5 }), {}],
  ];
}

export const ofLosses = (): Pair[] =>
  losses(tinyPrepared(), 5).map(([name, model, feeds]) =>
    pairOf(name, model, { ...feeds, canvas: canvasesOf(20) }, 'loss', 'canvas'),
  );

/** Activations quantised and widened again, as exporters write it around every operator. */
export function ofQuantisation(): Pair {
  const shape = [2, 3, 20];
  const attributes = { axis: int(1) };
  const model = network(
    [
      nodeOf('QuantizeLinear', ['x', 'scale', 'zero'], 'q', attributes),
      nodeOf('DequantizeLinear', ['q', 'scale', 'zero'], 'y', attributes),
    ],
    {
      scale: floats([0.01, 0.002, 0.05]),
      zero: { type: 'int8', shape: [3], data: Int8Array.of(0, -20, 90) },
    },
    { name: 'x', type: 'float32', shape },
    { name: 'y', type: 'float32', shape },
  );
  const x = floats(
    noise(120, 5).map((value) => 2 * value),
    shape,
  );
  return pairOf('quantisation', withCotangent(model), { x, cotangent: floats(noise(120, 9), shape) });
}

/** What is only looked at, and has no gradient. */
export function ofForwardPasses(): Pair[] {
  const prepared = tinyPrepared();
  const places = statisticPlaces(prepared, { count: 3, depth: 1 });
  const models: [string, Model, Record<string, Tensor>][] = [
    ['logits', prepared, {}],
    ['statistics', withStatistics(prepared, places), {}],
    ['a comparison', withComparison(prepared, places), { perturbation: floats(noise(1200, 3)) }],
  ];
  return models.map(([name, model, more]) => {
    const feeds = { ...more, canvas: canvasesOf(20) };
    return { gpu: { name, model: lowerForGpu(model), feeds }, cpu: { name, model, feeds } };
  });
}

/** Networks of other kinds of input, and what can be put around a prepared one. */
export function ofSurroundings(): Pair[] {
  const prepared = tinyPrepared();
  const places = statisticPlaces(prepared, { count: 3, depth: 1 });
  const detector = { weights: noise(statisticsOf(places), 12), bias: 0.1, threshold: 0 };
  const wide = withInputShape(tiny(), [2, 3, 24, 24]);
  const draws = [18, 19].map((side) => ({ side, down: 1, right: 19 - side }));
  const surroundings: [string, Model, Record<string, Tensor>][] = [
    ['one more class', withExtraClass(prepared, places, detector), {}],
    ['a fixed batch', prepare(wide, { ...plain, canvas: 24, channelOrder: 'RGB', layout: 'NCHW' }), {}],
    ['grey', prepare(grey(), { ...greyPixels, canvas: 12, channelOrder: 'RGB' }), {}],
    ['jpeg', withDefence(prepared, { kind: 'jpeg', quality: 60 }), {}],
    ['jpeg of full colour', withDefence(prepared, { kind: 'jpeg', quality: 95 }), {}],
    ['median', withDefence(prepared, { kind: 'median' }), {}],
    ['blur', withDefence(prepared, { kind: 'blur', sigma: 1 }), {}],
    ['bits', withDefence(prepared, { kind: 'bits', bits: 4 }), {}],
    ['variation', withDefence(prepared, { kind: 'variation', weight: 8 }), {}],
    ['resize', withDefence(prepared, { kind: 'resize', draws }), {}],
  ];
  return surroundings.map(([name, model, feeds]) => {
    const size = Number(model.inputs[0].shape?.[2]);
    return pairOf(name, withCrossEntropy(model), { ...feeds, labels, canvas: canvasesOf(size) }, 'loss', 'canvas');
  });
}

const greyPixels = {
  channels: 'grey' as const,
  mean: [0.13],
  std: [0.31],
  range: 1 as const,
  inputSize: 10,
  layout: 'NHWC' as const,
};
const grey = (): Model =>
  network(
    [
      nodeOf('Transpose', ['x'], 't', { perm: ints([0, 3, 1, 2]) }),
      nodeOf('Conv', ['t', 'w'], 'c', { strides: ints([3, 3]) }),
      nodeOf('Relu', ['c'], 'r'),
      nodeOf('ReduceMean', ['r'], 'scores', { axes: ints([2, 3]), keepdims: int(0) }),
    ],
    { w: floats(noise(54, 3), [6, 1, 3, 3]) },
    { name: 'x', type: 'float32', shape: ['N', 10, 10, 1] },
    { name: 'scores', type: 'float32', shape: ['N', 6] },
  );

/** A node whose answer is no float, widened so that it can be compared. */
function answer(
  operator: string,
  inputs: Tensor[],
  attributes: Record<string, Attribute> = {},
  constants: Record<string, Tensor> = {},
): Graph {
  const names = inputs.map((_, i) => `x${i}`);
  const nodes = [
    nodeOf(operator, [...names, ...Object.keys(constants)], 'answer', attributes),
    nodeOf('Cast', ['answer'], 'y', { to: int(1) }),
  ];
  const values = inputs.map(({ type, shape }, i) => ({ name: `x${i}`, type, shape }));
  const model = network(nodes, constants, values[0], { name: 'y', type: 'float32', shape: undefined });
  return {
    name: operator,
    model: lowerForGpu({ ...model, inputs: values }),
    feeds: Object.fromEntries(inputs.map((tensor, i) => [`x${i}`, tensor])),
  };
}

const halves = (length: number, seed: number, shape: number[]): Tensor =>
  floats(
    noise(length, seed).map((value) => Math.round(7 * value) / 2),
    shape,
  );
const [some, others] = [halves(24, 3, [2, 3, 4]), halves(12, 4, [3, 4])];
const flags = (seed: number): Tensor => ({
  type: 'bool',
  shape: [2, 3, 4],
  data: Uint8Array.from(noise(24, seed), (value) => Number(value > 0)),
});
const int32s: Tensor = { type: 'int32', shape: [2, 3, 4], data: Int32Array.from(noise(24, 5), (value) => 99 * value) };

/** What has no gradient rule, since gradients end there: it is in networks all the same. */
export const withoutGradients: Graph[] = [
  ...['Sign', 'Floor', 'Ceil', 'Round', 'IsNaN', 'Size', 'Shape'].map((operator) => answer(operator, [some])),
  ...['Equal', 'Greater', 'Less', 'GreaterOrEqual', 'LessOrEqual'].map((operator) => answer(operator, [some, others])),
  ...['And', 'Or', 'Xor'].map((operator) => answer(operator, [flags(1), flags(2)])),
  answer('Not', [flags(1)]),
  answer('ArgMax', [some], { axis: int(1) }),
  answer('ArgMin', [some], { axis: int(2), keepdims: int(0) }),
  answer('NonZero', [others]),
  // Of other types than floats a Reshape was wrong once.
  ...[int32s, flags(3)].map((tensor) => answer('Reshape', [tensor], {}, { shape: int64s([4, -1]) })),
];
