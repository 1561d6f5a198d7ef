// How much a model has to compute, from the shapes in it.
import { einsumTerms } from './einsum.ts';
import type { Dim, Model, Node, ValueType } from './model.ts';

/**
 * Floating-point operations of the model's convolutions and matrix products for one run: two for each multiply-add of
 * Conv, ConvTranspose, Gemm, MatMul, Einsum and Attention. Everything else is left out, as is customary: it is a few
 * percent.
 *
 * @param types of every value, as inferShapes gives them
 * @returns null where a shape that is needed is not known
 */
export function flopsOf(model: Model, types: ReadonlyMap<string, ValueType>): number | null {
  let total = 0;
  for (const node of model.nodes) {
    if (node.domain !== '' || !Object.hasOwn(multiplyAdds, node.operator)) continue;
    const count = multiplyAdds[node.operator];
    const shapes = node.inputs.map((name) => types.get(name)?.shape);
    const output = types.get(node.outputs[0])?.shape;
    if (!output || shapes.some((shape, i) => !shape && node.inputs[i])) return null;
    total += 2 * count(node, shapes as Dim[][], output);
  }
  return Number.isFinite(total) ? total : null;
}

/** The product of sizes; NaN where one is only a name. */
const size = (dims: readonly Dim[]): number =>
  dims.reduce<number>((product, dim) => product * (typeof dim === 'number' ? dim : Number.NaN), 1);

type Count = (node: Node, inputs: Dim[][], output: Dim[]) => number;

const multiplyAdds: Record<string, Count> = {
  Conv: (_node, [, weights], output) => size(output) * size(weights.slice(1)),
  ConvTranspose: (_node, [x, weights]) => size(x) * size(weights.slice(1)),
  Gemm: (node, [a], output) => size(output) * size([a[node.attributes.transA?.value === 1 ? 0 : 1]]),
  MatMul: (_node, [a], output) => size(output) * size(a.slice(-1)),
  // Scores of every query with every key, then the sums of values.
  Attention: (_node, [query, key], output) => (size(query) + size(output)) * size(key.slice(-2, -1)),
  Einsum(node, inputs) {
    const { terms } = einsumTerms(
      node,
      inputs.map(({ length }) => length),
    );
    const sizes = new Map<string, Dim>();
    for (const [i, term] of terms.entries())
      for (const [axis, letter] of term.entries())
        if (sizes.get(letter) === undefined || sizes.get(letter) === 1) sizes.set(letter, inputs[i][axis]);
    // With k inputs each product takes k - 1 multiplications.
    return size([...sizes.values()]) * (terms.length - 1);
  },
};
