import { product, quotient } from '../dims.ts';
import { einsumTerms } from '../einsum.ts';
import { GraphError } from '../errors.ts';
import { castType, positiveAxis } from '../evaluate.ts';
import { at, attribute, type Dim, describe, type Node, type ValueType } from '../model.ts';
import { broadcastDims, constantInts, type Known, type ShapeRule } from './types.ts';

const same: ShapeRule = (_, [x]) => [x];
const broadcast: ShapeRule = (_, inputs) => [
  { type: inputs[0].type, shape: broadcastDims(...inputs.map(({ shape }) => shape)) },
];
const compare: ShapeRule = (_, inputs) => [{ type: 'bool', shape: broadcastDims(...inputs.map(({ shape }) => shape)) }];
const examined: ShapeRule = (_, [x]) => [{ type: 'bool', shape: x.shape }];

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

const position: ShapeRule = (node, [x]) => {
  const axis = positiveAxis(attribute(node, 'axis', 0), x.shape.length);
  const shape = attribute(node, 'keepdims', 1) ? x.shape.with(axis, 1) : x.shape.filter((_, i) => i !== axis);
  return [{ type: 'int64', shape }];
};

const matMul: ShapeRule = (node, [a, b]) => {
  const left = a.shape.length === 1 ? [1, ...a.shape] : a.shape;
  const right = b.shape.length === 1 ? [...b.shape, 1] : b.shape;
  checkInner(node, left.at(-1), right.at(-2));
  const shape = [
    ...broadcastDims(left.slice(0, -2), right.slice(0, -2)),
    ...(a.shape.length === 1 ? [] : left.slice(-2, -1)),
    ...(b.shape.length === 1 ? [] : right.slice(-1)),
  ];
  return [{ type: a.type, shape }];
};

const gemm: ShapeRule = (node, [a, b]) => {
  const [left, right] = [a, b].map(({ shape }, i) =>
    attribute(node, i === 0 ? 'transA' : 'transB', 0) ? shape.toReversed() : shape,
  );
  checkInner(node, left[1], right[0]);
  return [{ type: a.type, shape: [left[0], right[1]] }];
};

/** Rows of one factor are multiplied with columns of the other. */
function checkInner(node: Node, left: Dim | undefined, right: Dim | undefined): void {
  if (typeof left !== 'number' || typeof right !== 'number' || left === right) return;
  throw new GraphError(
    `The ${describe(node)} multiplies rows of ${left} numbers with columns of ${right}. The model contradicts itself, or its input shape is wrong.`,
    at(node),
  );
}

const einsum: ShapeRule = (node, inputs) => {
  const { terms, output } = einsumTerms(
    node,
    inputs.map(({ shape }) => shape.length),
  );
  const sizes = new Map<string, Dim>();
  for (const [i, term] of terms.entries())
    for (const [axis, letter] of term.entries()) {
      const [known, size] = [sizes.get(letter), inputs[i].shape[axis]];
      if (typeof known === 'number' && typeof size === 'number' && known !== size)
        throw misfit(node, letter, [known, size]);
      if (typeof known !== 'number') sizes.set(letter, size);
    }
  return [{ type: inputs[0].type, shape: output.map((letter) => sizes.get(letter) as Dim) }];
};

/** Of queries, keys and values as [batch, heads, positions, width], or [batch, positions, heads * width]. */
const attention: ShapeRule = (node, [query, key, value, , pastKey, pastValue]) => {
  const [batch, positions] = [query.shape[0], query.shape.at(-2) as Dim];
  const flat = query.shape.length === 3;
  const [heads, ofKeys] = [attribute(node, 'q_num_heads', 1), attribute(node, 'kv_num_heads', 1)];
  const width = flat ? quotient(value.shape[2], ofKeys) : value.shape[3];
  if (width === undefined) return [];
  const apart = ({ type, shape }: Known): ValueType | undefined => {
    const own = flat ? quotient(shape[2], ofKeys) : undefined;
    if (pastKey || pastValue) return undefined;
    return { type, shape: own === undefined ? shape : [shape[0], ofKeys, shape[1], own] };
  };
  return [
    {
      type: query.type,
      shape: flat ? [batch, positions, product([width, heads])] : [batch, query.shape[1], positions, width],
    },
    apart(key),
    apart(value),
  ];
};

const misfit = (node: Node, letter: string, sizes: Dim[]) =>
  new GraphError(
    `The ${describe(node)} gives its index "${letter}" the sizes ${sizes.join(' and ')}. The model contradicts itself, or its input shape is wrong.`,
    at(node),
  );

const listed = (operators: string, rule: ShapeRule): Record<string, ShapeRule> =>
  Object.fromEntries(operators.split(' ').map((operator) => [operator, rule]));

/** Element by element, normalisations, reductions and products. */
export const values: Record<string, ShapeRule> = {
  ...listed(
    'Relu Clip LeakyRelu PRelu Elu Selu Celu Sigmoid HardSigmoid HardSwish Mish Swish Tanh Softplus Softsign Erf Gelu Softmax LogSoftmax Hardmax ThresholdedRelu Shrink',
    same,
  ),
  ...listed(
    'Exp Log Sqrt Neg Abs Sign Reciprocal Floor Ceil Round Sin Cos Tan Asin Acos Atan Sinh Cosh Asinh Acosh Atanh Not BitwiseNot',
    same,
  ),
  ...listed(
    'Identity InstanceNormalization RMSNormalization GroupNormalization LRN LpNormalization MeanVarianceNormalization CumSum',
    same,
  ),
  ...listed('Add Sub Mul Div Pow Mod Min Max Sum Mean', broadcast),
  ...listed('Equal Greater Less GreaterOrEqual LessOrEqual And Or Xor', compare),
  ...listed('IsNaN IsInf', examined),
  ...listed(
    'ReduceMean ReduceSum ReduceMax ReduceMin ReduceProd ReduceL2 ReduceL1 ReduceSumSquare ReduceLogSum ReduceLogSumExp',
    reduction,
  ),
  ...listed('ArgMax ArgMin', position),
  Where: (_, [condition, a, b]) => [{ type: a.type, shape: broadcastDims(condition.shape, a.shape, b.shape) }],
  Cast: (node, [x]) => [{ type: castType(node) ?? `opaque${attribute(node, 'to', 0)}`, shape: x.shape }],
  CastLike: (_, [x, like]) => [{ type: like.type, shape: x.shape }],
  DequantizeLinear: (_, [x]) => [{ type: 'float32', shape: x.shape }],
  QuantizeLinear: (_, [x, , zero]) => [{ type: zero?.type ?? 'uint8', shape: x.shape }],
  MatMul: matMul,
  Gemm: gemm,
  Einsum: einsum,
  Dropout: (_, [x]) => [x, { type: 'bool', shape: x.shape }],
  BatchNormalization: (_, [x, , , mean, variance]) => [x, mean, variance],
  // With the mean and the inverse deviation, for each group of what is normalised together.
  LayerNormalization: (node, [x]) => {
    const axis = positiveAxis(attribute(node, 'axis', -1), x.shape.length);
    const each = { type: x.type, shape: x.shape.map((dim, i) => (i < axis ? dim : 1)) };
    return [x, each, each];
  },
  Attention: attention,
};
