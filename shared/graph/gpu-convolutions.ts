// Convolutions that the native WebGPU provider computes wrongly, in a form that it computes rightly. It reads and
// writes channels in vectors: where they do not fill them, some of its kernels mix channels up. Zeros fill the vectors.
// Source: the provider itself, by test/graph/gpu.test.ts (onnxruntime-web 1.30.0).
import type { Builder } from './builder.ts';
import { attribute, type Node, text } from './model.ts';

/** How many channels a vector holds, of a tensor with so many. */
const vectorOf = (channels: number): number => (channels % 4 === 0 ? 4 : channels % 2 === 0 ? 2 : 1);

/** Undefined where the node is computed rightly as it is. */
export function asRightConv(node: Node, b: Builder): string | undefined {
  return attribute(node, 'group', 1) === 1 ? denseConv(node, b) : groupedConv(node, b);
}

/** Input channels are read in threes where they are no multiple of four; of more than three that goes wrong. */
function denseConv(node: Node, b: Builder): string | undefined {
  const [x, weights, ...bias] = node.inputs;
  const [outputs, inputs] = b.shape(weights).map(Number);
  if (inputs === 3 || inputs % 3 !== 0 || inputs % 4 === 0 || outputs % 4 !== 0) return undefined;
  const filled = [x, weights].map((name) => padAxis(b, name, 1, 4 - (inputs % 4)));
  return b.add('Conv', [...filled, ...bias], node.attributes);
}

/** Output channels are written in vectors, which may not cross the border of a group. */
function groupedConv(node: Node, b: Builder): string | undefined {
  const group = attribute(node, 'group', 1);
  const [outputs, ...rest] = b.shape(node.inputs[1]).map(Number);
  const own = outputs / group;
  if (![outputs, ...rest].every(Number.isInteger) || own < 4 || own % vectorOf(outputs) === 0) return undefined;
  const whole = Math.ceil(own / 4) * 4;
  const apart = b.add('Reshape', [node.inputs[1], b.ints([group, own, ...rest])]);
  const padded = b.add('Reshape', [padAxis(b, apart, 1, whole - own), b.ints([group * whole, ...rest])]);
  return withoutSpare(node, padded, { group, own, whole }, b);
}

/** Of groups with one output each, inputs are read in vectors of two. Undefined where the node is right as it is. */
export function asRightConvTranspose(node: Node, b: Builder): string | undefined {
  const group = attribute(node, 'group', 1);
  const [inputs, own] = b.shape(node.inputs[1]).map(Number);
  if (group === 1 || own !== 1 || (inputs / group) % 2 === 1) return undefined;
  return withoutSpare(node, padAxis(b, node.inputs[1], 1, 1), { group, own, whole: 2 }, b);
}

/** The node with the weights of `whole` outputs for each group, of which the first `own` are wanted. */
function withoutSpare(
  node: Node,
  weights: string,
  { group, own, whole }: { group: number; own: number; whole: number },
  b: Builder,
): string {
  const [x, , bias] = node.inputs;
  const all = b.add(node.operator, [x, weights], node.attributes);
  const wanted = Array.from({ length: group * own }, (_, i) => Math.floor(i / own) * whole + (i % own));
  const result = b.add('Gather', [all, b.ints(wanted)], { axis: { kind: 'int', value: 1 } });
  if (!bias) return result;
  const axes = b.shape(x).slice(2);
  return b.add('Add', [result, axes.length > 0 ? b.add('Unsqueeze', [bias, b.ints(axes.map((_, i) => i + 1))]) : bias]);
}

function padAxis(b: Builder, x: string, axis: number, after: number): string {
  const rank = b.shape(x).length;
  const pads = new Array<number>(2 * rank).fill(0);
  pads[rank + axis] = after;
  return b.add('Pad', [x, b.ints(pads)], { mode: text('constant') });
}
