// Graphs that do their harm while constants are folded: sizes below zero, sizes of zero beside huge ones, sizes whose
// product no machine holds, alone and in sums.
import { classifier, floats, ints, type Kind, node, type Value } from './file.ts';

/** Sizes that somebody who means harm would write. */
const strange = [0, -1, -2, -3, 1, 2, 3, 7, 2 ** 15, 2 ** 24, 2 ** 31 - 1, 2 ** 31, -(2 ** 31), 2 ** 40, 2 ** 53];

/**
 * "c" from a list of sizes "s" and the tensor "t" [1,4,2,2], by every operator that takes sizes, axes or places from
 * the file.
 */
const sized: Record<
  string,
  (of: number[]) => { inputs: string[]; attributes?: Record<string, Value>; operator?: string }
> = {
  ConstantOfShape: () => ({ inputs: ['s'] }),
  Expand: () => ({ inputs: ['t', 's'] }),
  Tile: () => ({ inputs: ['t', 's'] }),
  Reshape: () => ({ inputs: ['t', 's'] }),
  Range: () => ({ inputs: ['s0', 's1', 's2'] }),
  Slice: () => ({ inputs: ['t', 's0', 's1', 's2'] }),
  Pad: ([mode]) => ({ inputs: ['t', 'p'], attributes: { mode: mode % 2 === 0 ? 'reflect' : 'constant' } }),
  'Pad of axes': () => ({ operator: 'Pad', inputs: ['t', 'p', '', 's'] }),
  'Resize of axes': (axes) => ({ operator: 'Resize', inputs: ['t', '', '', 's'], attributes: { axes } }),
  'Slice of axes': () => ({ operator: 'Slice', inputs: ['t', 's', 's', 's', 's'] }),
  GridSample: () => ({ inputs: ['t', 't'], attributes: { mode: 'bicubic' } }),
  ConvTranspose: ([a, b]) => ({ inputs: ['t', 'f'], attributes: { strides: [a, b], output_padding: [b, a] } }),
  AveragePool: ([a, b]) => ({ inputs: ['t'], attributes: { kernel_shape: [a, 3], pads: [b, b, b, b], ceil_mode: 1 } }),
  LRN: ([size]) => ({ inputs: ['t'], attributes: { size } }),
  DequantizeLinear: ([axis, size]) => ({ inputs: ['t', 'one'], attributes: { axis, block_size: size } }),
  Split: () => ({ inputs: ['t', 's'], attributes: { axis: 1 } }),
  OneHot: () => ({ inputs: ['s', 's0', 'two'] }),
  Gather: () => ({ inputs: ['t', 's'] }),
  GatherElements: () => ({ inputs: ['t', 's'] }),
  GatherND: ([batch]) => ({ inputs: ['t', 's'], attributes: { batch_dims: batch } }),
  ScatterND: () => ({ inputs: ['t', 's', 't'] }),
  Unsqueeze: () => ({ inputs: ['t', 's'] }),
  Squeeze: () => ({ inputs: ['t', 's'] }),
  Transpose: (perm) => ({ inputs: ['t'], attributes: { perm } }),
  Flatten: ([axis]) => ({ inputs: ['t'], attributes: { axis } }),
  Concat: ([axis]) => ({ inputs: ['t', 't'], attributes: { axis } }),
  CumSum: () => ({ inputs: ['t', 's0'] }),
  Trilu: () => ({ inputs: ['t', 's0'] }),
  ReduceSum: () => ({ inputs: ['t', 's'] }),
  ArgMax: ([axis]) => ({ inputs: ['t'], attributes: { axis } }),
  DepthToSpace: ([blocksize]) => ({ inputs: ['t'], attributes: { blocksize } }),
  SpaceToDepth: ([blocksize]) => ({ inputs: ['t'], attributes: { blocksize } }),
  Resize: () => ({ inputs: ['t', '', '', 's'] }),
  Conv: ([a, b]) => ({
    inputs: ['t', 'f'],
    attributes: { group: a, dilations: [b, b], pads: [a, b, a, b], strides: [b, a] },
  }),
  TopK: () => ({ inputs: ['t', 's0'] }),
};

/** "c" from one or two tensors, by every operator that computes with their elements. */
const computing = {
  one: 'Identity Neg Erf Exp Softmax LogSoftmax ReduceMean ReduceMax ArgMax CumSum NonZero Shape Size Transpose Trilu Flatten',
  two: 'Add Mul Pow MatMul Gemm Where Concat Gather GatherElements GatherND Equal Mod Max Sum Tile Expand Conv',
  three: 'BatchNormalization InstanceNormalization LayerNormalization ScatterND ScatterElements Pad OneHot Range',
};
const words = (list: string) => list.split(' ');
const computations = [
  ...words(computing.one).map((operator) => ({ operator, count: 1 })),
  ...words(computing.two).map((operator) => ({ operator, count: 2 })),
  ...words(computing.three).map((operator) => ({ operator, count: operator === 'BatchNormalization' ? 5 : 3 })),
];

const helpers = [
  floats(
    't',
    [1, 4, 2, 2],
    Array.from({ length: 16 }, (_, i) => i),
  ),
  floats('f', [1, 1, 1, 1], [1]),
  floats('two', [2], [0, 1]),
  floats('one', [1], [1]),
];

export const folding: Record<string, Kind> = {
  'sizes that an operator takes from the file': ({ draw }) => {
    const sizes = Array.from({ length: 1 + draw.below(4) }, () => strange[draw.below(strange.length)]);
    const [name, write] = draw.of(Object.entries(sized));
    const { inputs, attributes, operator = name } = write(sizes);
    // Of a constant it is computed; of the image its shape is worked out, and its gradient.
    const of = draw.below(2) ? 'x' : 't';
    const scalars = [0, 1, 2].map((i) => ints(`s${i}`, [sizes[i % sizes.length]]));
    const lists = [
      ints('s', sizes),
      ints(
        'p',
        Array.from({ length: 8 }, (_, i) => sizes[i % sizes.length]),
      ),
    ];
    return classifier({
      nodes: [
        node(
          operator,
          inputs.map((input) => (input === 't' ? of : input)),
          ['c'],
          attributes,
        ),
      ],
      opset: draw.of([13, 17, 19]),
      constants: [...helpers, ...scalars, ...lists],
    });
  },
  'an empty constant with huge sides': ({ draw, size }) => {
    const dims = [size, 1 + draw.below(size), 0].slice(draw.below(2));
    const shuffled = dims.map((_, i) => dims[(i + draw.below(3)) % dims.length]).with(draw.below(dims.length), 0);
    const { operator, count } = draw.of(computations);
    const inputs = Array.from({ length: count }, (_, i) => (i === draw.below(3) ? 'one' : 'z'));
    return classifier({ nodes: [node(operator, inputs, ['c'])], constants: [...helpers, floats('z', shuffled)] });
  },
  'an empty tensor with huge sides that is computed': ({ draw, size }) => {
    const { operator, count } = draw.of(computations);
    return classifier({
      nodes: [
        node('ConstantOfShape', ['s'], ['z']),
        node(
          operator,
          Array.from({ length: count }, () => 'z'),
          ['c'],
        ),
      ],
      constants: [...helpers, ints('s', [0, size, size, size].slice(0, 2 + draw.below(3)))],
    });
  },
  'one computation with a large tensor': ({ draw, size }) => {
    const { operator, count } = draw.of(computations);
    const inputs = Array.from({ length: count }, () => (draw.below(4) === 0 ? 'one' : 'a'));
    return classifier({
      nodes: [node('ConstantOfShape', ['s'], ['a']), node(operator, inputs, ['c'])],
      constants: [...helpers, ints('s', draw.below(2) ? [size] : [1 + draw.below(size), size])],
    });
  },
  'a chain of computations': ({ draw, size, length }) => {
    const { operator } = draw.of(computations.filter(({ count }) => count < 3));
    const steps = Array.from({ length }, (_, i) =>
      node(operator, draw.below(2) ? [`m${i}`, 'one'] : [`m${i}`, `m${i}`], [`m${i + 1}`]),
    );
    return classifier({
      nodes: [node('ConstantOfShape', ['s'], ['m0']), ...steps, node('Identity', [`m${length}`], ['c'])],
      constants: [...helpers, ints('s', [size, 4])],
    });
  },
  'one large constant that many nodes read': ({ draw, size, length }) => {
    const operator = draw.of(['Gather', 'Reshape', 'BatchNormalization', 'Mul', 'Slice', 'Pad', 'DequantizeLinear']);
    const readers = Array.from({ length }, (_, i) =>
      operator === 'BatchNormalization'
        ? node(operator, ['x', 'b', 'b', 'b', 'b'], [`m${i}`])
        : node(operator, ['x', operator === 'Slice' ? 'b' : 'i', 'i'], [`m${i}`]),
    );
    return classifier({
      nodes: [
        node('ConstantOfShape', ['s'], ['b']),
        node('Range', ['zero', 's', 'step'], ['i']),
        ...readers,
        node(
          'Sum',
          readers.map(({ output }) => output[0]),
          ['c'],
        ),
      ],
      constants: [ints('s', [size]), ints('zero', [0]), ints('step', [1])],
      ...(draw.below(2) ? {} : { outputs: undefined }),
    });
  },
  'an Einsum, a Loop or a Scan of anything': ({ draw, size }) => {
    const equation = draw.of([
      'ij,jk->ik',
      '...,...',
      `${'a'.repeat(size)}`,
      `${'ab,'.repeat(size)}ab`,
      '->->',
      'ij->',
      '',
    ]);
    const operator = draw.of(['Einsum', 'Loop', 'Scan', 'If']);
    return classifier({
      nodes: [node(operator, ['t', 't'], ['c'], operator === 'Einsum' ? { equation } : {})],
      constants: helpers,
    });
  },
};
