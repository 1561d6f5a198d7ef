import { hasRule, pathBetween } from './differentiate.ts';
import { foldConstants } from './fold.ts';
import type { Dim, Model } from './model.ts';
import { chooseOutput, whyNotPreparable } from './prepare.ts';
import { inferShapes } from './shapes.ts';
import type { ElementType } from './tensor.ts';

export interface Inspection {
  /** Whether `prepare` succeeds at the input size that the model declares (224 where it declares none). */
  preparable: boolean;
  /** Why not, in words. */
  reason?: string;
  /** Whether every node between input and output has a gradient rule. */
  differentiable: boolean;
  missing: { operator: string; node: string }[];
  input: { name: string; shape: Dim[]; type: ElementType };
  output: { name: string; shape: Dim[] };
  classes: number | null;
  /** Elements of all weights: floating-point or quantised constants, without scales, zero points and integers of shapes. */
  parameters: number;
  operators: Record<string, number>;
  opset: number;
}

/** What a model is, and whether the Atlas can prepare and differentiate it. */
export function inspect(model: Model): Inspection {
  const types = inferShapes(model);
  const reason = whyNotPreparable(model);
  let output = model.outputs[0];
  try {
    output = chooseOutput(model);
  } catch {
    // No output looks like class scores: the first one is described, and `reason` tells.
  }
  const shape = types.get(output.name)?.shape ?? output.shape ?? [];
  const input = model.inputs[0];
  const folded = foldConstants(model);
  const missing = (input ? pathBetween(folded, inferShapes(folded), input.name, output.name) : []).filter(
    (node) => !hasRule(node),
  );
  const operators: Record<string, number> = {};
  for (const { operator, domain } of model.nodes) {
    const name = domain ? `${domain}.${operator}` : operator;
    operators[name] = (operators[name] ?? 0) + 1;
  }
  const classes = shape.length >= 2 && typeof shape[1] === 'number' ? shape[1] : null;
  return {
    preparable: reason === undefined,
    ...(reason === undefined ? {} : { reason }),
    differentiable: missing.length === 0 && input !== undefined,
    missing: missing.map(({ operator, name, outputs }) => ({ operator, node: name || outputs[0] })),
    input: { name: input?.name ?? '', shape: input?.shape ?? [], type: input?.type ?? 'float32' },
    output: { name: output.name, shape },
    classes,
    parameters: countParameters(model),
    operators,
    opset: model.opset,
  };
}

function countParameters(model: Model): number {
  const helpers = new Set(
    model.nodes.flatMap(({ operator, inputs }) =>
      operator === 'DequantizeLinear' || operator === 'QuantizeLinear' ? inputs.slice(1) : [],
    ),
  );
  let count = 0;
  for (const [name, { type, data }] of model.constants) {
    if (!helpers.has(name) && type !== 'int64' && type !== 'bool') count += data.length;
  }
  for (const { operator, attributes } of model.nodes) {
    const value = attributes.value;
    if (operator === 'Constant' && value?.kind === 'tensor' && value.value.type === 'float32')
      count += value.value.data.length;
  }
  return count;
}
