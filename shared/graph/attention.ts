// Scaled dot-product attention: A. Vaswani et al., "Attention Is All You Need", 2017, arXiv 1706.03762.
// P = softmax(scale * Q K' + mask), Y = P V, written in operators that every provider has.
import type { Builder } from './builder.ts';
import { attribute, type Dim, int, type Node } from './model.ts';
import { floats } from './tensor.ts';

/** Queries, keys or values as [batch, heads, positions, width], and the way back for their gradient. */
interface Heads {
  value: string;
  shape: Dim[];
  back(gradient: string): string;
}

/** As heads; the axis of the heads is 1, or they share the last axis of [batch, positions, heads * width]. */
export function asHeads(b: Builder, name: string, heads: number): Heads {
  const shape = b.shape(name);
  if (shape.length === 4) return { value: name, shape, back: (gradient) => gradient };
  const [batch, positions, width] = shape;
  const split = [batch, positions, heads, Number(width) / heads];
  const apart = b.add('Reshape', [name, b.shapeVector(split, name)]);
  return {
    value: b.transpose(apart, [0, 2, 1, 3]),
    shape: [batch, heads, positions, split[3]],
    back: (gradient) => b.add('Reshape', [b.transpose(gradient, [0, 2, 1, 3]), b.ints([0, 0, Number(width)])]),
  };
}

/** Each head of keys or values for as many heads of queries as share it (J. Ainslie et al., 2023, arXiv 2305.13245). */
function shared(b: Builder, own: Heads, heads: number): Heads {
  const [batch, count, positions, width] = own.shape;
  const times = heads / Number(count);
  if (times === 1) return own;
  const apart = b.add('Expand', [b.add('Unsqueeze', [own.value, b.ints([2])]), b.ints([1, 1, times, 1, 1])]);
  const sizes = [0, heads, Number(positions), Number(width)];
  return {
    value: b.add('Reshape', [apart, b.ints(sizes)]),
    shape: [batch, heads, positions, width],
    back: (gradient) => {
      const grouped = b.add('Reshape', [gradient, b.ints([0, Number(count), times, Number(positions), Number(width)])]);
      return own.back(b.sum(grouped, [2], false));
    },
  };
}

export const swapped = (b: Builder, name: string): string => b.transpose(name, [0, 1, 3, 2]);

/** What attention computes on its way. */
interface Attended {
  q: Heads;
  k: Heads;
  v: Heads;
  scale: string;
  /** softmax(scale * Q K' + mask), [batch, heads, queries, keys]. */
  weights: string;
}

export function attend(node: Node, b: Builder): Attended {
  const [query, key, value] = node.inputs;
  const rank = b.shape(query).length;
  const heads = rank === 4 ? Number(b.shape(query)[1]) : attribute(node, 'q_num_heads', 1);
  const ofKeys = rank === 4 ? Number(b.shape(key)[1]) : attribute(node, 'kv_num_heads', 1);
  const q = asHeads(b, query, heads);
  const k = shared(b, asHeads(b, key, ofKeys), heads);
  const v = shared(b, asHeads(b, value, ofKeys), heads);
  const scale = b.scalar(attribute(node, 'scale', 0) || 1 / Math.sqrt(Number(q.shape[3])));
  const scores = b.mul(b.add('MatMul', [q.value, swapped(b, k.value)]), scale);
  const masks = masksOf(node, b, [q.shape[2], k.shape[2]]);
  const logits = masks.reduce((sum, added) => b.add('Add', [sum, added]), scores);
  return { q, k, v, scale, weights: b.add('Softmax', [logits], { axis: int(-1) }) };
}

/** The node in operators that every provider has; undefined where it does what has no rule here. */
export function attended(node: Node, b: Builder): string | undefined {
  if (refusalOf(node, b)) return undefined;
  const { v, weights } = attend(node, b);
  const result = b.add('MatMul', [weights, v.value]);
  const [, heads, , width] = v.shape;
  if (b.shape(node.inputs[0]).length === 4) return result;
  return b.add('Reshape', [b.transpose(result, [0, 2, 1, 3]), b.ints([0, 0, Number(heads) * Number(width)])]);
}

/** What stands in the way of a gradient, if anything does. */
export function refusalOf(node: Node, b: Builder): string | undefined {
  if (node.inputs.slice(4).some(Boolean) || node.outputs.slice(1).some(Boolean))
    return 'keeps keys and values of the past, which has no gradient rule. Export the model without.';
  if (attribute(node, 'softcap', 0) !== 0)
    return 'caps its scores, which has no gradient rule. Export the model without.';
  const open = node.inputs.slice(0, 3).find((name) => {
    const shape = b.shape(name);
    return ![3, 4].includes(shape.length) || shape.slice(1).some((dim) => typeof dim === 'string');
  });
  if (open)
    return `has an input "${open}" of shape [${b.shape(open)}], of which not every size is known. Give the model's input a fixed height and width.`;
  const [, key, , mask] = node.inputs;
  const keys = b.shape(key).at(-2);
  if (mask && b.shape(mask).at(-1) !== keys)
    return `has a mask "${mask}" of shape [${b.shape(mask)}] for ${keys} keys, which has no gradient rule. Export the model with a mask of one column for each key.`;
  return undefined;
}

/** What is far below any score, so that its weight is 0. */
const never = -3.4e38;

/** What is added to the scores [batch, heads, ...sizes]. */
function masksOf(node: Node, b: Builder, sizes: Dim[]): string[] {
  const [, , , mask] = node.inputs;
  const added: string[] = [];
  if (mask) {
    const yes = b.facts.types.get(mask)?.type === 'bool';
    added.push(yes ? b.add('Where', [mask, b.scalar(0), b.scalar(never)]) : mask);
  }
  if (attribute(node, 'is_causal', 0)) {
    const [rows, columns] = sizes as [number, number];
    b.afford([rows, columns]);
    const later = Float32Array.from({ length: rows * columns }, (_, i) =>
      i % columns > Math.floor(i / columns) ? never : 0,
    );
    added.push(b.constant(floats(later, [rows, columns]), 'causal'));
  }
  return added;
}
