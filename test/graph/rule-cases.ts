import { float, int, ints, text } from '../../shared/graph/model.ts';
import { floats, int64s } from '../../shared/graph/tensor.ts';
import { distinct, noise, type Operation, sizeOf } from './support.ts';

const input = (shape: number[], data = noise(sizeOf(shape), 5)) => ({ shape, data });
export const image = input([2, 3, 6, 5], distinct(180));
/** Away from the kinks at 0, 1, and 3 that some activations have. */
const smooth = input(
  [2, 3, 4, 4],
  noise(96, 9).map((value) => (Math.abs(value) < 0.1 ? 0.3 : value) * 2.1),
);
/** Odd multiples of 1/48: none nearer to 0 or 1 than the steps below. */
const spread = input(
  [2, 3, 4, 4],
  distinct(96).map((value) => value * 2),
);
/** The same between -4 and 4: odd multiples of 1/24. */
const wide = input(
  [2, 3, 4, 4],
  distinct(96).map((value) => value * 4),
);
const positive = input(
  [2, 3, 4],
  noise(24, 3).map((value) => 1.5 + value),
);
const bool = (values: number[], shape: number[]) => ({ type: 'bool' as const, shape, data: Uint8Array.from(values) });

function resized(
  mode: string,
  transformation: string,
  { scales, sizes }: { scales?: number[]; sizes?: number[] },
  attributes: Operation['attributes'] = {},
): Operation {
  return {
    operator: 'Resize',
    x: image,
    constants: [undefined, scales && floats(scales), sizes && int64s(sizes)],
    attributes: { mode: text(mode), coordinate_transformation_mode: text(transformation), ...attributes },
  };
}

/**
 * Positions in the inside and beyond the border, whose places among 5 columns or 6 rows are no nearer to a pixel than
 * the steps below, aligned to the corners or not.
 */
const grid = input(
  [2, 2, 3, 2],
  Float32Array.from({ length: 24 }, (_, i) => [-1.37, -0.71, -0.23, 0.11, 0.57, 0.91, 1.31][(5 * i) % 7]),
);
function sampled(attributes: Operation['attributes']): Operation {
  return { operator: 'GridSample', x: image, constants: [floats(grid.data, grid.shape)], attributes };
}

const tokens = (shape: number[], seed: number) => floats(noise(sizeOf(shape), seed), shape);
/** Queries of 2 images, 4 heads of 3 numbers, 5 positions; 6 keys. */
const attentions: Operation[] = [
  {
    operator: 'Attention',
    x: input([2, 4, 5, 3]),
    constants: [tokens([2, 4, 6, 3], 2), tokens([2, 4, 6, 2], 3)],
    opset: 23,
  },
  {
    operator: 'Attention',
    x: input([2, 5, 12]),
    constants: [tokens([2, 6, 6], 2), tokens([2, 6, 4], 3)],
    attributes: { q_num_heads: int(4), kv_num_heads: int(2), scale: float(0.7) },
    opset: 23,
  },
  {
    operator: 'Attention',
    x: input([2, 2, 4, 3]),
    constants: [tokens([2, 2, 4, 3], 2), tokens([2, 2, 4, 3], 3)],
    attributes: { is_causal: int(1) },
    opset: 23,
  },
  {
    operator: 'Attention',
    x: input([2, 4, 5, 3]),
    constants: [tokens([2, 4, 6, 3], 2), tokens([2, 4, 6, 2], 3), tokens([4, 5, 6], 4)],
    opset: 23,
  },
  {
    operator: 'Attention',
    x: input([2, 4, 2, 3]),
    constants: [tokens([2, 4, 3, 3], 2), tokens([2, 4, 3, 2], 3), bool([1, 0, 1, 0, 1, 1], [2, 3])],
    opset: 23,
  },
];

/** One or more nodes for every operator that has a gradient rule. */
export const cases: Record<string, Operation[]> = {
  Conv: [
    { operator: 'Conv', x: image, constants: [floats(noise(36, 2), [4, 3, 3, 1]), floats(noise(4))] },
    {
      operator: 'Conv',
      x: input([2, 4, 9, 8]),
      constants: [floats(noise(72, 2), [6, 2, 3, 2])],
      attributes: {
        group: int(2),
        strides: ints([2, 3]),
        dilations: ints([2, 1]),
        pads: ints([1, 0, 2, 1]),
      },
    },
    {
      operator: 'Conv',
      x: input([2, 3, 7]),
      constants: [floats(noise(9, 2), [3, 1, 3]), floats(noise(3))],
      attributes: { group: int(3), strides: ints([2]), auto_pad: text('SAME_LOWER') },
    },
  ],
  Relu: [{ operator: 'Relu', x: smooth }],
  Clip: [
    // Some below, some between and some above bounds that cross each other.
    { operator: 'Clip', x: spread, constants: [floats([0.5], []), floats([-0.25], [])] },
    { operator: 'Clip', x: spread, constants: [floats([0], []), floats([1], [])] },
    { operator: 'Clip', x: spread, constants: [undefined, floats([1], [])] },
  ],
  MaxPool: [{ operator: 'MaxPool', x: image, attributes: { kernel_shape: ints([2, 2]), strides: ints([2, 2]) } }],
  AveragePool: [
    { operator: 'AveragePool', x: image, attributes: { kernel_shape: ints([2, 2]), strides: ints([2, 2]) } },
  ],
  GlobalAveragePool: [{ operator: 'GlobalAveragePool', x: image }],
  GlobalMaxPool: [{ operator: 'GlobalMaxPool', x: image }],
  ReduceMean: [
    { operator: 'ReduceMean', x: image, attributes: { axes: ints([2, 3]), keepdims: int(0) } },
    { operator: 'ReduceMean', x: image, attributes: { axes: ints([-1]) } },
  ],
  ReduceSum: [{ operator: 'ReduceSum', x: image, constants: [int64s([1, 3])], attributes: { keepdims: int(0) } }],
  ReduceMax: [{ operator: 'ReduceMax', x: image, attributes: { axes: ints([1]), keepdims: int(0) } }],
  ReduceMin: [{ operator: 'ReduceMin', x: image, attributes: { axes: ints([1]) } }],
  ReduceL2: [{ operator: 'ReduceL2', x: positive, attributes: { axes: ints([2]) } }],
  ReduceSumSquare: [{ operator: 'ReduceSumSquare', x: positive, attributes: { axes: ints([2]), keepdims: int(0) } }],
  Concat: [
    {
      operator: 'Concat',
      x: image,
      position: 1,
      constants: [floats(noise(60), [2, 1, 6, 5])],
      attributes: { axis: int(1) },
    },
  ],
  Split: [
    {
      operator: 'Split',
      x: input([2, 6, 3]),
      constants: [int64s([1, 2, 3])],
      attributes: { axis: int(1) },
      outputs: 3,
    },
    { operator: 'Split', x: input([2, 6, 3]), attributes: { axis: int(1) }, outputs: 2 },
  ],
  Add: [{ operator: 'Add', x: image, constants: [floats(noise(3), [3, 1, 1])] }],
  Sum: [{ operator: 'Sum', x: image, constants: [floats(noise(3), [3, 1, 1])] }],
  Mean: [{ operator: 'Mean', x: image, constants: [floats(noise(3), [3, 1, 1])] }],
  Sub: [{ operator: 'Sub', x: input([2, 1, 4]), position: 1, constants: [floats(noise(12), [3, 4])] }],
  Mul: [
    { operator: 'Mul', x: input([2, 1, 4]), constants: [floats(noise(24), [2, 3, 4])] },
    // The axis that is repeated lies elsewhere in the longer shape, where the same place has a 1.
    { operator: 'Mul', x: input([1, 4]), constants: [floats(noise(8), [1, 2, 4])] },
  ],
  Div: [
    { operator: 'Div', x: positive, constants: [floats([0.7, 1.3, 2, 3])] },
    { operator: 'Div', x: positive, position: 1, constants: [floats([0.7, 1.3, 2, 3])] },
  ],
  Min: [
    { operator: 'Min', x: smooth, constants: [floats([0], [])] },
    { operator: 'Min', x: spread, position: 1, constants: [floats([1], []), floats([0], [])] },
  ],
  Max: [
    { operator: 'Max', x: smooth, constants: [floats([0], [])] },
    // Ties everywhere: to either side the slopes are 0 and 1, and a central difference says 1/2.
    { operator: 'Max', x: smooth, constants: [floats(smooth.data, smooth.shape)] },
  ],
  Where: [{ operator: 'Where', x: input([2, 3]), position: 1, constants: [bool([1, 0, 1], [3]), floats([1, 2, 3])] }],
  Neg: [{ operator: 'Neg', x: image }],
  Abs: [{ operator: 'Abs', x: smooth }],
  Sqrt: [{ operator: 'Sqrt', x: positive }],
  Exp: [{ operator: 'Exp', x: image }],
  Log: [{ operator: 'Log', x: positive }],
  Reciprocal: [{ operator: 'Reciprocal', x: positive }],
  Pow: [
    { operator: 'Pow', x: positive, constants: [floats([2], [])] },
    { operator: 'Pow', x: positive, constants: [floats([-0.5], [])] },
    { operator: 'Pow', x: positive, constants: [floats([2, 0.5, -1, 3])] },
    { operator: 'Pow', x: positive, position: 1, constants: [floats([2, 0.5, 1.5, 3])] },
  ],
  Gemm: [
    {
      operator: 'Gemm',
      x: input([2, 5]),
      constants: [floats(noise(20), [4, 5]), floats(noise(4))],
      attributes: { transB: int(1), alpha: float(0.5) },
    },
    { operator: 'Gemm', x: input([5, 2]), constants: [floats(noise(20), [5, 4])], attributes: { transA: int(1) } },
    { operator: 'Gemm', x: input([3, 4]), position: 1, constants: [floats(noise(6), [2, 3])] },
    {
      operator: 'Gemm',
      x: input([1, 4]),
      position: 2,
      constants: [floats(noise(6), [2, 3]), floats(noise(12), [3, 4])],
      attributes: { beta: float(3) },
    },
  ],
  MatMul: [
    { operator: 'MatMul', x: input([2, 3, 4, 5]), constants: [floats(noise(15), [5, 3])] },
    { operator: 'MatMul', x: input([2, 3, 4, 5]), position: 1, constants: [floats(noise(12), [3, 4])] },
    { operator: 'MatMul', x: input([4, 5]), position: 1, constants: [floats(noise(24), [2, 3, 4])] },
    { operator: 'MatMul', x: input([2, 3, 4]), constants: [floats(noise(4))] },
    { operator: 'MatMul', x: input([2, 4, 3]), position: 1, constants: [floats(noise(4))] },
  ],
  Reshape: [{ operator: 'Reshape', x: image, constants: [int64s([0, -1])] }],
  Flatten: [{ operator: 'Flatten', x: image, attributes: { axis: int(2) } }],
  Transpose: [{ operator: 'Transpose', x: image, attributes: { perm: ints([0, 2, 3, 1]) } }],
  Squeeze: [{ operator: 'Squeeze', x: input([2, 1, 3]), constants: [int64s([1])] }],
  Unsqueeze: [{ operator: 'Unsqueeze', x: image, constants: [int64s([2])] }],
  Expand: [{ operator: 'Expand', x: input([2, 1, 3]), constants: [int64s([2, 4, 3])] }],
  Identity: [{ operator: 'Identity', x: image }],
  Cast: [{ operator: 'Cast', x: image, attributes: { to: int(1) } }],
  Softmax: [
    { operator: 'Softmax', x: input([2, 5]) },
    { operator: 'Softmax', x: image, attributes: { axis: int(1) } },
    { operator: 'Softmax', x: image },
  ],
  LogSoftmax: [{ operator: 'LogSoftmax', x: input([2, 5]) }],
  Sigmoid: [{ operator: 'Sigmoid', x: image }],
  HardSigmoid: [
    { operator: 'HardSigmoid', x: smooth, attributes: { alpha: float(1 / 3) } },
    // Kinks at -0.5 and 2, and at -2.5 and 2.5.
    { operator: 'HardSigmoid', x: wide, attributes: { alpha: float(0.4), beta: float(0.2) } },
    { operator: 'HardSigmoid', x: wide },
  ],
  HardSwish: [
    {
      operator: 'HardSwish',
      x: input(
        [2, 3, 4],
        distinct(24).map((value) => value * 5),
      ),
    },
  ],
  Tanh: [{ operator: 'Tanh', x: image }],
  Softplus: [{ operator: 'Softplus', x: image }],
  LeakyRelu: [
    { operator: 'LeakyRelu', x: smooth, attributes: { alpha: float(0.2) } },
    { operator: 'LeakyRelu', x: smooth },
  ],
  Dropout: [
    { operator: 'Dropout', x: image },
    { operator: 'Dropout', x: image, constants: [floats([0.3], []), bool([0], [])] },
  ],
  PRelu: [{ operator: 'PRelu', x: smooth, constants: [floats([0.1, 0.2, 0.3], [3, 1, 1])] }],
  Elu: [
    { operator: 'Elu', x: smooth, attributes: { alpha: float(0.7) } },
    { operator: 'Elu', x: smooth },
  ],
  Selu: [{ operator: 'Selu', x: smooth }],
  Erf: [{ operator: 'Erf', x: image }],
  BatchNormalization: [
    {
      operator: 'BatchNormalization',
      x: input([4, 3]),
      constants: [floats([1, 2, 3]), floats([0, 1, 2]), floats([0.1, 0, 0.2]), floats([1, 0.5, 2])],
    },
    {
      operator: 'BatchNormalization',
      x: image,
      constants: [floats([1, 2, 3]), floats([0, 1, 2]), floats([0.1, 0, 0.2]), floats([1, 0.5, 2])],
    },
  ],
  InstanceNormalization: [
    { operator: 'InstanceNormalization', x: image, constants: [floats([1, 2, 3]), floats([0, 1, 2])] },
  ],
  LayerNormalization: [
    { operator: 'LayerNormalization', x: image, constants: [floats(noise(5)), floats(noise(5))] },
    { operator: 'LayerNormalization', x: image, constants: [floats(noise(30), [6, 5])], attributes: { axis: int(2) } },
  ],
  LRN: [
    {
      operator: 'LRN',
      x: input([2, 7, 3, 3]),
      attributes: { size: int(3), alpha: float(0.9), beta: float(0.6), bias: float(1.5) },
    },
    { operator: 'LRN', x: input([2, 7, 3, 3]), attributes: { size: int(5), alpha: float(0.9) } },
    // Far from 0, where the usual alpha of 0.0001 counts.
    {
      operator: 'LRN',
      x: input(
        [2, 7, 3, 3],
        noise(126, 5).map((value) => 60 * value),
      ),
      attributes: { size: int(3) },
    },
  ],
  Pad: [
    { operator: 'Pad', x: image, constants: [int64s([0, 0, 1, 2, 0, 0, 3, 0]), floats([0.5], [])] },
    { operator: 'Pad', x: image, constants: [int64s([0, 0, -1, 2, 0, 0, 3, -1])] },
    { operator: 'Pad', x: image, constants: [int64s([0, 0, 2, 1, 0, 0, 1, 3])], attributes: { mode: text('reflect') } },
    { operator: 'Pad', x: image, constants: [int64s([0, 1, 2, 0, 0, 0, 1, 3])], attributes: { mode: text('edge') } },
    { operator: 'Pad', x: image, constants: [int64s([1, 2]), undefined, int64s([-1])], opset: 18 },
  ],
  Slice: [
    { operator: 'Slice', x: image, constants: [int64s([1, -4]), int64s([5, 1000]), int64s([2, 3])] },
    { operator: 'Slice', x: image, constants: [int64s([1, 0]), int64s([6, 5]), int64s([2, 3]), int64s([2, 2])] },
    { operator: 'Slice', x: image, constants: [int64s([-1, 4]), int64s([-100, 0]), int64s([2, 3]), int64s([-1, -2])] },
  ],
  Gather: [
    { operator: 'Gather', x: image, constants: [int64s([2, 1, 0])], attributes: { axis: int(1) } },
    { operator: 'Gather', x: image, constants: [int64s([1, 1, -1])], attributes: { axis: int(2) } },
    { operator: 'Gather', x: image, constants: [int64s([1], [])], attributes: { axis: int(2) } },
    { operator: 'Gather', x: image, constants: [int64s([0, 3, 3, 5], [2, 2])], attributes: { axis: int(2) } },
  ],
  Resize: [
    resized('nearest', 'asymmetric', { scales: [1, 1, 2, 3] }, { nearest_mode: text('floor') }),
    resized('nearest', 'half_pixel', { sizes: [2, 3, 9, 4] }),
    resized('nearest', 'align_corners', { sizes: [2, 3, 4, 7] }, { nearest_mode: text('ceil') }),
    resized('linear', 'half_pixel', { scales: [1, 1, 1.7, 0.6] }),
    resized('linear', 'pytorch_half_pixel', { sizes: [2, 3, 12, 1] }),
    resized('linear', 'align_corners', { sizes: [2, 3, 3, 11] }),
    resized('cubic', 'half_pixel', { sizes: [2, 3, 9, 10] }, { cubic_coeff_a: float(-0.5) }),
    resized('cubic', 'half_pixel', { sizes: [2, 3, 9, 10] }, { exclude_outside: int(1) }),
  ],
  DepthToSpace: [
    { operator: 'DepthToSpace', x: input([2, 8, 2, 3]), attributes: { blocksize: int(2) } },
    { operator: 'DepthToSpace', x: input([2, 8, 2, 3]), attributes: { blocksize: int(2), mode: text('CRD') } },
  ],
  Celu: [{ operator: 'Celu', x: smooth, attributes: { alpha: float(0.7) } }],
  Mish: [{ operator: 'Mish', x: image, opset: 18 }],
  Softsign: [{ operator: 'Softsign', x: smooth }],
  ThresholdedRelu: [
    { operator: 'ThresholdedRelu', x: spread, attributes: { alpha: float(0.5) } },
    { operator: 'ThresholdedRelu', x: spread },
  ],
  Gelu: [
    { operator: 'Gelu', x: image, opset: 20 },
    { operator: 'Gelu', x: image, attributes: { approximate: text('tanh') }, opset: 20 },
  ],
  Sin: [{ operator: 'Sin', x: image }],
  Cos: [{ operator: 'Cos', x: image }],
  CastLike: [{ operator: 'CastLike', x: image, constants: [floats([1])] }],
  ReduceL1: [{ operator: 'ReduceL1', x: smooth, attributes: { axes: ints([2]), keepdims: int(0) } }],
  ReduceLogSum: [{ operator: 'ReduceLogSum', x: positive, attributes: { axes: ints([1]), keepdims: int(0) } }],
  ReduceLogSumExp: [{ operator: 'ReduceLogSumExp', x: image, attributes: { axes: ints([1, 2]) } }],
  GroupNormalization: [
    {
      operator: 'GroupNormalization',
      x: input([2, 6, 3, 2]),
      constants: [floats([1, 2, 0.5]), floats([0, 1, 2])],
      attributes: { num_groups: int(3) },
      opset: 18,
    },
    {
      operator: 'GroupNormalization',
      x: input([2, 6, 3, 2]),
      constants: [floats(noise(6, 4)), floats(noise(6))],
      attributes: { num_groups: int(2) },
      opset: 21,
    },
  ],
  LpNormalization: [
    { operator: 'LpNormalization', x: positive },
    { operator: 'LpNormalization', x: smooth, attributes: { axis: int(1), p: int(1) } },
  ],
  ConvTranspose: [
    {
      operator: 'ConvTranspose',
      x: image,
      constants: [floats(noise(24, 2), [3, 2, 2, 2]), floats(noise(2))],
      attributes: { strides: ints([2, 2]) },
    },
    {
      operator: 'ConvTranspose',
      x: image,
      constants: [floats(noise(54, 2), [3, 2, 3, 3])],
      attributes: {
        strides: ints([2, 3]),
        pads: ints([1, 0, 0, 1]),
        output_padding: ints([1, 0]),
        dilations: ints([1, 2]),
      },
    },
    {
      operator: 'ConvTranspose',
      x: input([2, 4, 5, 5]),
      constants: [floats(noise(72, 2), [4, 2, 3, 3])],
      attributes: { strides: ints([2, 2]), group: int(2), auto_pad: text('SAME_UPPER') },
    },
    {
      operator: 'ConvTranspose',
      x: input([2, 4, 5]),
      constants: [floats(noise(36, 2), [4, 3, 3])],
      attributes: { strides: ints([2]), output_shape: ints([10]) },
    },
  ],
  Einsum: [
    {
      operator: 'Einsum',
      x: input([2, 3, 4]),
      constants: [floats(noise(20, 2), [4, 5])],
      attributes: { equation: text('bij,jk->bik') },
    },
    {
      operator: 'Einsum',
      x: input([2, 3, 4]),
      position: 1,
      constants: [floats(noise(24, 2), [2, 4, 3])],
      attributes: { equation: text('bij,bjk->bik') },
    },
    {
      operator: 'Einsum',
      x: input([2, 3, 4]),
      constants: [floats(noise(4, 2))],
      attributes: { equation: text('...ij,j->...') },
    },
    { operator: 'Einsum', x: input([2, 3, 4]), attributes: { equation: text('bij->jb') } },
  ],
  Tile: [{ operator: 'Tile', x: input([2, 3, 4]), constants: [int64s([1, 2, 3])] }],
  SpaceToDepth: [{ operator: 'SpaceToDepth', x: input([2, 3, 4, 6]), attributes: { blocksize: int(2) } }],
  GatherElements: [
    {
      operator: 'GatherElements',
      x: input([2, 3, 4]),
      constants: [int64s([0, 2, 2, -1, 1, 0, 0, 2, 1, 1, 1, 1], [2, 3, 2])],
      attributes: { axis: int(2) },
    },
  ],
  GatherND: [
    { operator: 'GatherND', x: input([3, 4, 5]), constants: [int64s([0, 1, 2, 3, 0, 1], [3, 2])] },
    { operator: 'GatherND', x: input([3, 4]), constants: [int64s([0, 1, 2, 3, 0, 1], [3, 2])] },
  ],
  ScatterElements: [
    {
      operator: 'ScatterElements',
      x: input([2, 4]),
      constants: [int64s([1, 3, 0, 2], [2, 2]), floats([5, 6, 7, 8], [2, 2])],
      attributes: { axis: int(1) },
    },
    {
      operator: 'ScatterElements',
      x: input([2, 2]),
      position: 2,
      constants: [floats(noise(8), [2, 4]), int64s([1, 3, 0, 2], [2, 2])],
      attributes: { axis: int(1) },
    },
  ],
  ScatterND: [
    { operator: 'ScatterND', x: input([4, 3]), constants: [int64s([2, 0], [2, 1]), floats(noise(6), [2, 3])] },
    {
      operator: 'ScatterND',
      x: input([2, 3]),
      position: 2,
      constants: [floats(noise(12), [4, 3]), int64s([2, 0], [2, 1])],
    },
  ],
  RMSNormalization: [
    { operator: 'RMSNormalization', x: image, constants: [floats(noise(5))], opset: 23 },
    {
      operator: 'RMSNormalization',
      x: image,
      constants: [floats(noise(30), [6, 5])],
      attributes: { axis: int(2) },
      opset: 23,
    },
  ],
  TopK: [
    { operator: 'TopK', x: image, constants: [int64s([2])], unread: 1 },
    {
      operator: 'TopK',
      x: image,
      constants: [int64s([3])],
      attributes: { axis: int(2), largest: int(0), sorted: int(0) },
      unread: 1,
    },
  ],
  Attention: attentions,
  GridSample: [
    sampled({}),
    sampled({ align_corners: int(1) }),
    sampled({ padding_mode: text('border') }),
    sampled({ padding_mode: text('border'), align_corners: int(1) }),
    { ...sampled({ mode: text('linear') }), opset: 20 },
    // The grid itself depends on the image; one position lies between the same pixels for every step that is taken.
    { ...sampled({}), position: 1, x: grid, constants: [floats(noise(180, 4), [2, 3, 6, 5])] },
    {
      ...sampled({ padding_mode: text('border'), align_corners: int(1) }),
      position: 1,
      x: grid,
      constants: [floats(noise(180, 4), [2, 3, 6, 5])],
    },
  ],
};

// Rounding makes finite differences useless here, so these are shown by claims of their own in quantisation.test.ts.
export const shownElsewhere = ['DequantizeLinear', 'QuantizeLinear'];
