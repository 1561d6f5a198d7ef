// Which axis of a value holds its channels, as far as the graph tells.
import { product } from './dims.ts';
import { attribute, type Dim, intsAttribute, type Model, type Node, type ValueType } from './model.ts';

/** What puts channels right after the batch. */
const channelsFirst = new Set([
  'AveragePool',
  'BatchNormalization',
  'Conv',
  'ConvTranspose',
  'GlobalAveragePool',
  'LRN',
  'MaxPool',
]);
/** What takes a part of its first input, or more of it, and leaves the order of axes. */
const samePlaces = new Set(['Concat', 'Gather', 'Pad', 'ReduceMean', 'ReduceSum', 'Resize', 'Slice', 'Split']);
/** What only gives the same elements another shape. */
const views = new Set(['Flatten', 'Reshape', 'Squeeze', 'Unsqueeze']);

/**
 * The axis of channels, by the name of the value: 1 after a convolution, the last after a product with a matrix of
 * weights or a normalisation of layers, and followed from there through whatever keeps it in one piece. Values that it
 * is not known for are left out.
 */
export function channelAxes(model: Model, types: ReadonlyMap<string, ValueType>): ReadonlyMap<string, number> {
  const axes = new Map<string, number>();
  const shapeOf = (name: string) => types.get(name)?.shape;
  for (const node of model.nodes) {
    if (node.domain !== '') continue;
    const axis = channelAxis(node, axes, shapeOf);
    if (axis === undefined) continue;
    for (const name of node.outputs) if (name && (shapeOf(name)?.length ?? 0) > axis) axes.set(name, axis);
  }
  return axes;
}

type ShapeOf = (name: string) => Dim[] | undefined;

function channelAxis(node: Node, axes: ReadonlyMap<string, number>, shapeOf: ShapeOf): number | undefined {
  const { operator, inputs, outputs } = node;
  const after = shapeOf(outputs[0]);
  if (!after) return undefined;
  if (channelsFirst.has(operator)) return 1;
  if (operator === 'LayerNormalization' || operator === 'Gemm') return after.length - 1;
  // A product of two values, as in attention, mixes what it multiplies: neither has the channels of the other.
  if (operator === 'MatMul')
    return shapeOf(inputs[1])?.length === 2 && !axes.has(inputs[1]) ? after.length - 1 : undefined;
  const known = inputs.find((name) => axes.has(name) && shapeOf(name)?.length === after.length);
  if (operator === 'Transpose') {
    const order = intsAttribute(node, 'perm') ?? after.map((_, i) => after.length - 1 - i);
    const place = order.indexOf(axes.get(inputs[0]) ?? -1);
    return place < 0 ? undefined : place;
  }
  if (views.has(operator)) return seenAs(shapeOf(inputs[0]), axes.get(inputs[0]), after);
  if (known === undefined) return undefined;
  const axis = axes.get(known);
  if (samePlaces.has(operator)) return operator === 'ReduceMean' && !attribute(node, 'keepdims', 1) ? undefined : axis;
  // Element by element: also where one of the inputs is a gate, a bias or a scale that is repeated.
  return inputs.some((name) => axes.get(name) === axis && sameShape(shapeOf(name), after)) ? axis : undefined;
}

/** Where an axis is after its tensor was given another shape: of the same size, with as much behind it. */
function seenAs(before: Dim[] | undefined, axis: number | undefined, after: Dim[]): number | undefined {
  if (!before || axis === undefined) return undefined;
  const behind = product(before.slice(axis + 1));
  const place = after.findIndex((dim, i) => dim === before[axis] && product(after.slice(i + 1)) === behind);
  return place < 0 ? undefined : place;
}

const sameShape = (a: Dim[] | undefined, b: Dim[]) => a?.length === b.length && a.every((dim, i) => dim === b[i]);
