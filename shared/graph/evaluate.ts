// Computes single nodes whose inputs are all constants, so that a graph can be simplified without a runtime.
import { convolution } from './evaluations/convolution.ts';
import { elementwise } from './evaluations/elementwise.ts';
import { layout } from './evaluations/layout.ts';
import { picking } from './evaluations/picking.ts';
import { sums } from './evaluations/sums.ts';
import type { Evaluation } from './evaluations/types.ts';
import type { Node } from './model.ts';
import { isNumeric, type Tensor } from './tensor.ts';

export { castType, quantisedLimits } from './evaluations/elementwise.ts';
export { paddedPositions } from './evaluations/layout.ts';
export { sliceWindows } from './evaluations/picking.ts';
export { positiveAxis } from './evaluations/types.ts';

const table: Record<string, Evaluation> = { ...convolution, ...elementwise, ...layout, ...picking, ...sums };

/** The outputs of a node with constant inputs, or undefined where it is left to the runtime. */
export function evaluate(node: Node, inputs: (Tensor | undefined)[], opset: number): Tensor[] | undefined {
  if (node.domain !== '' || inputs.some((tensor) => tensor && !isNumeric(tensor.type))) return undefined;
  if (!Object.hasOwn(table, node.operator)) return undefined;
  const result = table[node.operator](node, inputs, opset);
  if (!result) return undefined;
  const outputs = Array.isArray(result) ? result : [result];
  return outputs.length === node.outputs.length ? outputs : undefined;
}
