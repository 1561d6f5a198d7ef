import { takeBranches } from './branches.ts';
import { type Model, type Node, removeUnused } from './model.ts';
import { analyse } from './shapes.ts';

/**
 * Computes what does not depend on the inputs and drops what no output needs.
 *
 * Shape arithmetic disappears wherever the shapes are known, and so does If where its condition is. Weights behind DequantizeLinear are widened to float32, unless
 * `dequantize` is false: then they stay as small as the file has them.
 */
export function foldConstants(model: Model, { dequantize = true }: { dequantize?: boolean } = {}): Model {
  const keep = (node: Node) => !dequantize && node.operator === 'DequantizeLinear';
  let facts = analyse(model, keep);
  // Branches may hold branches: each round takes the outermost, so there are as many rounds as the file nests.
  for (let decided = takeBranches(model, facts); decided; decided = takeBranches(model, facts)) {
    model = decided;
    facts = analyse(model, keep);
  }
  const { constants } = facts;
  const outputs = new Set(model.outputs.map(({ name }) => name));
  const nodes = model.nodes.filter(
    (node) => !node.outputs.every((name) => constants.has(name)) || node.outputs.some((name) => outputs.has(name)),
  );
  const written = new Set(nodes.flatMap((node) => node.outputs));
  return removeUnused({ ...model, nodes, constants: new Map([...constants].filter(([name]) => !written.has(name))) });
}
