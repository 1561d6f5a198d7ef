import { product, quotient } from './dims.ts';
import { GraphError } from './errors.ts';
import { castType, positiveAxis, sliceWindows } from './evaluate.ts';
import type { Facts } from './facts.ts';
import { at, attribute, type Dim, describe, intsAttribute, type Node, type ValueType } from './model.ts';
import { numbers } from './tensor.ts';
import { windowOf } from './windows.ts';

type Known = { type: ValueType['type']; shape: Dim[] };
type ShapeRule = (node: Node, inputs: Known[], facts: Facts) => (ValueType | undefined)[];

/** The shape that shapes broadcast to. Two different names are taken to be the same size at run time. */
export function broadcastDims(...shapes: Dim[][]): Dim[] {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) => {
    const dims = shapes.map((shape) => shape[axis - rank + shape.length] ?? 1).filter((dim) => dim !== 1);
    const sizes = new Set(dims.filter((dim) => typeof dim === 'number'));
    if (sizes.size > 1)
      throw new GraphError(
        `Shapes ${shapes.map((shape) => `[${shape}]`).join(' and ')} do not broadcast. The model contradicts itself, or its input shape is wrong.`,
      );
    return dims.find((dim) => typeof dim === 'number') ?? dims[0] ?? 1;
  });
}

const same: ShapeRule = (_, [x]) => [x];
const broadcast: ShapeRule = (_, inputs) => [
  { type: inputs[0].type, shape: broadcastDims(...inputs.map(({ shape }) => shape)) },
];
const compare: ShapeRule = (_, inputs) => [{ type: 'bool', shape: broadcastDims(...inputs.map(({ shape }) => shape)) }];

const constantInts = (node: Node, input: number, name: string, facts: Facts): number[] | undefined => {
  const tensor = facts.constants.get(node.inputs[input]);
  return tensor ? numbers(tensor) : intsAttribute(node, name);
};

const reduction: ShapeRule = (node, [x], facts) => {
  if (node.inputs[1] && !facts.constants.has(node.inputs[1])) return [];
  const listed = constantInts(node, 1, 'axes', facts);
  if (!listed?.length && attribute(node, 'noop_with_empty_axes', 0)) return [x];
  const axes = listed?.length
    ? listed.map((axis) => positiveAxis(axis, x.shape.length))
    : x.shape.map((_, axis) => axis);
  const shape = attribute(node, 'keepdims', 1)
    ? x.shape.map((dim, axis) => (axes.includes(axis) ? 1 : dim))
    : x.shape.filter((_, axis) => !axes.includes(axis));
  return [{ type: x.type, shape }];
};

const convolution: ShapeRule = (node, [x, w]) => {
  const windows = windowOf(node, x.shape, node.operator === 'Conv' ? w.shape.slice(2) : undefined);
  const output: Known = {
    type: x.type,
    shape: [x.shape[0], node.operator === 'Conv' ? w.shape[0] : x.shape[1], ...windows.outputs],
  };
  return [output, { type: 'int64', shape: output.shape }];
};

const globalPool: ShapeRule = (_, [x]) => [{ type: x.type, shape: x.shape.map((dim, axis) => (axis < 2 ? dim : 1)) }];

const matMul: ShapeRule = (_, [a, b]) => {
  const left = a.shape.length === 1 ? [1, ...a.shape] : a.shape;
  const right = b.shape.length === 1 ? [...b.shape, 1] : b.shape;
  const shape = [
    ...broadcastDims(left.slice(0, -2), right.slice(0, -2)),
    ...(a.shape.length === 1 ? [] : left.slice(-2, -1)),
    ...(b.shape.length === 1 ? [] : right.slice(-1)),
  ];
  return [{ type: a.type, shape }];
};

const reshape: ShapeRule = (node, [x, target], facts) => {
  const wanted = facts.constants.has(node.inputs[1])
    ? numbers(facts.constants.get(node.inputs[1])!)
    : facts.vectors.get(node.inputs[1]);
  if (!wanted) {
    const rank = target.shape[0];
    return [
      {
        type: x.type,
        shape:
          typeof rank === 'number'
            ? Array.from({ length: rank }, (_, axis) => `${node.outputs[0]}.${axis}`)
            : undefined,
      },
    ];
  }
  const copies = !attribute(node, 'allowzero', 0);
  const shape = wanted.map((dim, axis) => (dim === 0 && copies ? x.shape[axis] : dim));
  const free = shape.indexOf(-1);
  if (free >= 0) {
    const total = product(x.shape);
    const others = product(shape.filter((_, axis) => axis !== free));
    const rest = quotient(total, others);
    if (rest === undefined && typeof total === 'number' && typeof others === 'number') {
      throw new GraphError(
        `${describe(node)} cannot reshape [${x.shape}] to [${wanted}]. The model contradicts itself, or its input shape is wrong.`,
        at(node),
      );
    }
    shape[free] = rest ?? `${node.outputs[0]}.${free}`;
  }
  return [{ type: x.type, shape }];
};

const split: ShapeRule = (node, [x], facts) => {
  const axis = positiveAxis(attribute(node, 'axis', 0), x.shape.length);
  const size = x.shape[axis];
  const parts = constantInts(node, 1, 'split', facts);
  const count = node.outputs.length;
  return node.outputs.map((name, i) => {
    const chunk = typeof size === 'number' ? Math.ceil(size / count) : 0;
    const dim = parts ? parts[i] : typeof size === 'number' ? Math.min(chunk, size - i * chunk) : `${name}.${axis}`;
    return { type: x.type, shape: x.shape.map((other, at) => (at === axis ? dim : other)) };
  });
};

const resize: ShapeRule = (node, [x], facts) => {
  const sizes = node.inputs[3] && (facts.constants.get(node.inputs[3]) ?? facts.vectors.get(node.inputs[3]));
  if (sizes && !node.attributes.axes)
    return [
      {
        type: x.type,
        shape: Array.isArray(sizes) ? sizes : numbers(sizes).map((dim, axis) => (axis === 0 ? x.shape[0] : dim)),
      },
    ];
  const scales = facts.constants.get(node.inputs[2] || node.inputs[1]);
  if (!scales || node.attributes.axes) return [];
  const factor = numbers(scales);
  return [
    {
      type: x.type,
      shape: x.shape.map((dim, axis) =>
        factor[axis] === 1
          ? dim
          : typeof dim === 'number'
            ? Math.floor(dim * factor[axis])
            : `${node.outputs[0]}.${axis}`,
      ),
    },
  ];
};

const slice: ShapeRule = (node, [x], facts) => {
  const [starts, ends, axes, steps] = ['starts', 'ends', 'axes', 'steps'].map((name, i) =>
    constantInts(node, i + 1, name, facts),
  );
  if (!starts || !ends) return [{ type: x.type, shape: x.shape.map((_, axis) => `${node.outputs[0]}.${axis}`) }];
  const touched = (axes ?? starts.map((_, i) => i)).map((axis) => positiveAxis(axis, x.shape.length));
  const windows = sliceWindows(
    x.shape.map((dim) => (typeof dim === 'number' ? dim : 0)),
    starts,
    ends,
    touched,
    steps,
  );
  return [
    {
      type: x.type,
      shape: x.shape.map((dim, axis) =>
        !touched.includes(axis) ? dim : typeof dim === 'number' ? windows[axis].length : `${node.outputs[0]}.${axis}`,
      ),
    },
  ];
};

const unsqueeze: ShapeRule = (node, [x], facts) => {
  const axes = constantInts(node, 1, 'axes', facts);
  if (!axes) return [];
  const shape = x.shape.slice();
  for (const axis of axes.map((value) => positiveAxis(value, x.shape.length + axes.length)).sort((a, b) => a - b))
    shape.splice(axis, 0, 1);
  return [{ type: x.type, shape }];
};

const squeeze: ShapeRule = (node, [x], facts) => {
  const axes = constantInts(node, 1, 'axes', facts)?.map((axis) => positiveAxis(axis, x.shape.length));
  return [{ type: x.type, shape: x.shape.filter((dim, axis) => (axes ? !axes.includes(axis) : dim !== 1)) }];
};

/** Output types and shapes by operator. An operator that is not here leaves its outputs unknown, which is no error by itself. */
export const shapeRules: Record<string, ShapeRule> = {
  ...Object.fromEntries(
    (
      'Relu Clip LeakyRelu PRelu Elu Selu Celu Sigmoid HardSigmoid HardSwish Mish Tanh Softplus Softsign Erf Gelu Softmax LogSoftmax Exp Log Sqrt Neg Abs Sign Reciprocal Floor Ceil Round ' +
      'Identity Dropout BatchNormalization InstanceNormalization LayerNormalization GroupNormalization LRN LpNormalization Not Sin Cos ScatterElements ScatterND ThresholdedRelu CumSum'
    )
      .split(' ')
      .map((operator) => [operator, same]),
  ),
  ...Object.fromEntries(
    'Add Sub Mul Div Pow Mod Min Max And Or Sum Mean'.split(' ').map((operator) => [operator, broadcast]),
  ),
  ...Object.fromEntries(
    'Equal Greater Less GreaterOrEqual LessOrEqual'.split(' ').map((operator) => [operator, compare]),
  ),
  ...Object.fromEntries(
    'ReduceMean ReduceSum ReduceMax ReduceMin ReduceProd ReduceL2 ReduceL1 ReduceSumSquare ReduceLogSumExp'
      .split(' ')
      .map((operator) => [operator, reduction]),
  ),
  And: compare,
  Or: compare,
  Where: (_, [condition, a, b]) => [{ type: a.type, shape: broadcastDims(condition.shape, a.shape, b.shape) }],
  Cast: (node, [x]) => [{ type: castType(node) ?? `opaque${attribute(node, 'to', 0)}`, shape: x.shape }],
  DequantizeLinear: (_, [x]) => [{ type: 'float32', shape: x.shape }],
  QuantizeLinear: (_, [x, , zero]) => [{ type: zero?.type ?? 'uint8', shape: x.shape }],
  Conv: convolution,
  MaxPool: convolution,
  AveragePool: convolution,
  LpPool: convolution,
  GlobalAveragePool: globalPool,
  GlobalMaxPool: globalPool,
  MatMul: matMul,
  Gemm: (node, [a, b]) => [
    {
      type: a.type,
      shape: [a.shape[attribute(node, 'transA', 0) ? 1 : 0], b.shape[attribute(node, 'transB', 0) ? 0 : 1]],
    },
  ],
  Reshape: reshape,
  Flatten: (node, [x]) => {
    const axis = positiveAxis(attribute(node, 'axis', 1), x.shape.length);
    return [
      {
        type: x.type,
        shape: [product(x.shape.slice(0, axis)), product(x.shape.slice(axis))],
      },
    ];
  },
  Transpose: (node, [x]) => [
    {
      type: x.type,
      shape: (intsAttribute(node, 'perm') ?? x.shape.map((_, i) => x.shape.length - 1 - i)).map(
        (axis) => x.shape[axis],
      ),
    },
  ],
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Concat: (node, inputs) => {
    const axis = positiveAxis(attribute(node, 'axis', 0), inputs[0].shape.length);
    const dims = inputs.map(({ shape }) => shape[axis]);
    const total = dims.every((dim) => typeof dim === 'number')
      ? dims.reduce((sum, dim) => sum + dim, 0)
      : `${node.outputs[0]}.${axis}`;
    return [{ type: inputs[0].type, shape: inputs[0].shape.map((dim, i) => (i === axis ? total : dim)) }];
  },
  Split: split,
  Slice: slice,
  Gather: (node, [x, indices]) => {
    const axis = positiveAxis(attribute(node, 'axis', 0), x.shape.length);
    return [{ type: x.type, shape: [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)] }];
  },
  Pad: (node, [x], facts) => {
    const pads = constantInts(node, 1, 'pads', facts);
    if (!pads || node.inputs[3]) return [];
    const rank = x.shape.length;
    return [
      {
        type: x.type,
        shape: x.shape.map((dim, i) => {
          const more = pads[i] + pads[i + rank];
          return more === 0 ? dim : typeof dim === 'number' ? dim + more : `${node.outputs[0]}.${i}`;
        }),
      },
    ];
  },
  Resize: resize,
  Upsample: resize,
  Expand: (node, [x], facts) => {
    const target = facts.constants.has(node.inputs[1])
      ? numbers(facts.constants.get(node.inputs[1])!)
      : facts.vectors.get(node.inputs[1]);
    return target ? [{ type: x.type, shape: broadcastDims(x.shape, target) }] : [];
  },
  ConstantOfShape: (node, _, facts) => {
    const value = node.attributes.value;
    return [
      { type: value?.kind === 'tensor' ? value.value.type : 'float32', shape: facts.vectors.get(node.inputs[0]) },
    ];
  },
  Shape: (node, [x]) => [
    {
      type: 'int64',
      shape: [x.shape.slice(attribute(node, 'start', 0), attribute(node, 'end', x.shape.length)).length],
    },
  ],
  DepthToSpace: (node, [x]) => {
    const block = attribute(node, 'blocksize', 1);
    const [n, c, ...rest] = x.shape;
    return [
      {
        type: x.type,
        shape: [
          n,
          ...[c].map((dim) => (typeof dim === 'number' ? dim / block ** 2 : dim)),
          ...rest.map((dim) => (typeof dim === 'number' ? dim * block : dim)),
        ],
      },
    ];
  },
  Tile: (node, [x], facts) => {
    const repeats = facts.constants.get(node.inputs[1]);
    const counts = repeats && numbers(repeats);
    return counts
      ? [
          {
            type: x.type,
            shape: x.shape.map((dim, i) =>
              counts[i] === 1 ? dim : typeof dim === 'number' ? dim * counts[i] : `${node.outputs[0]}.${i}`,
            ),
          },
        ]
      : [];
  },
  Size: () => [{ type: 'int64', shape: [] }],
  ArgMax: (node, [x]) => {
    const axis = positiveAxis(attribute(node, 'axis', 0), x.shape.length);
    return [
      {
        type: 'int64',
        shape: attribute(node, 'keepdims', 1)
          ? x.shape.map((dim, i) => (i === axis ? 1 : dim))
          : x.shape.filter((_, i) => i !== axis),
      },
    ];
  },
};
