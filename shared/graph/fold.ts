import { type Model, removeUnused } from './model.ts';
import { analyse } from './shapes.ts';

/**
 * Computes what does not depend on the inputs and drops what no output needs.
 *
 * Shape arithmetic disappears wherever the shapes are known. Weights behind DequantizeLinear are widened to float32, unless
 * `dequantize` is false: then they stay as small as the file has them.
 */
export function foldConstants(model: Model, { dequantize = true }: { dequantize?: boolean } = {}): Model {
  const { constants } = analyse(model, (node) => !dequantize && node.operator === 'DequantizeLinear');
  const outputs = new Set(model.outputs.map(({ name }) => name));
  const nodes = model.nodes.filter(
    (node) => !node.outputs.every((name) => constants.has(name)) || node.outputs.some((name) => outputs.has(name)),
  );
  const written = new Set(nodes.flatMap((node) => node.outputs));
  return removeUnused({ ...model, nodes, constants: new Map([...constants].filter(([name]) => !written.has(name))) });
}
