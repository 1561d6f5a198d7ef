// Types and shapes of every value, with symbolic dimensions, and the values of small integer vectors that shapes are
// made of.
import { Budget } from './budget.ts';
import { GraphError } from './errors.ts';
import { evaluate } from './evaluate.ts';
import type { Facts } from './facts.ts';
import { type Dim, guarded, type Model, mostAxes, type Node, type ValueType, weightsOf } from './model.ts';
import { shapeRules } from './shape-rules/index.ts';
import { symbolicVector } from './vectors.ts';

/** Type and shape of every value in the model. A dimension that cannot be known gets a name of its own. */
export function inferShapes(model: Model): ReadonlyMap<string, ValueType> {
  return analyse(model).types;
}

/**
 * Everything that can be known without running the model; `keep` names nodes whose outputs must not become constants.
 */
export function analyse(model: Model, keep: (node: Node) => boolean = () => false): Facts {
  const facts: Facts = {
    opset: model.opset,
    budget: new Budget(weightsOf(model)),
    types: new Map(),
    constants: new Map(model.constants),
    vectors: new Map(),
  };
  for (const { name, type, shape } of model.inputs) {
    checkSize(name, shape, facts);
    facts.types.set(name, { type, shape });
  }
  for (const [name, { type, shape }] of model.constants) facts.types.set(name, { type, shape });
  for (const node of model.nodes) inferNode(node, facts, keep(node));
  // What the file itself declares fills in where no rule reaches.
  for (const { name, type, shape } of model.outputs) {
    if (!facts.types.get(name)?.shape && shape) facts.types.set(name, { type, shape });
  }
  return facts;
}

/** Adds what is known about one node's outputs; the facts about its inputs must be there already. */
export function inferNode(node: Node, facts: Facts, keep = false): void {
  // Weights that must stay as small as they are need not be widened to know their shape.
  const stays = keep && node.operator === 'DequantizeLinear';
  const tensors = node.inputs.map((name) => facts.constants.get(name));
  if (!stays && node.inputs.every((name, i) => !name || tensors[i])) {
    const values = guarded(node, () => evaluate(node, tensors, facts.budget));
    if (values) {
      for (const [i, value] of values.entries()) {
        checkSize(node.outputs[i], value.shape, facts);
        facts.types.set(node.outputs[i], value);
        if (!keep) facts.constants.set(node.outputs[i], value);
      }
      return;
    }
  }
  const vector = node.domain === '' ? guarded(node, () => symbolicVector(node, facts)) : undefined;
  if (vector) {
    for (const dim of vector) if (typeof dim === 'string') facts.budget.name(dim);
    facts.vectors.set(node.outputs[0], vector);
  }
  const inputs = node.inputs.map((name) => facts.types.get(name));
  const rule = node.domain === '' && Object.hasOwn(shapeRules, node.operator) ? shapeRules[node.operator] : undefined;
  let outputs: (ValueType | undefined)[] = [];
  if (rule && inputs.every((input, i) => !node.inputs[i] || input?.shape)) {
    outputs = guarded(node, () => rule(node, inputs as never, facts));
  }
  for (const [i, name] of node.outputs.entries()) {
    if (!name) continue;
    checkSize(name, outputs[i]?.shape, facts);
    facts.types.set(name, outputs[i] ?? { type: inputs[0]?.type ?? 'float32', shape: undefined });
  }
  const shape = vector && facts.types.get(node.outputs[0])?.shape;
  if (facts.types.get(node.outputs[0])?.type !== 'bool' && vector?.every((dim) => typeof dim === 'number') && shape) {
    facts.constants.set(node.outputs[0], {
      type: 'int64',
      shape: shape.length === 0 ? [] : [vector.length],
      data: BigInt64Array.from(vector, BigInt),
    });
  }
}

/** A thousand million bytes for one value of one image: files that ask for more are damaged, or mean harm. */
const mostElements = 2 ** 28;
const longestAxis = 2 ** 24;

function checkSize(name: string, shape: readonly Dim[] | undefined, { budget }: Facts): void {
  if (!shape) return;
  let elements = 1;
  let sound = shape.length <= mostAxes;
  // Nobody goes through a shape of too many axes: a malformed node makes thousands of millions of them.
  for (const dim of sound ? shape : []) {
    if (typeof dim === 'string') budget.name(dim);
    // A rule that reads beyond what a malformed node has leaves holes, whatever the types say.
    else if (!(Number.isInteger(dim) && dim >= 0 && dim <= longestAxis)) sound = false;
    // Loops turn over what stands beside a size of zero.
    else elements *= Math.max(1, dim);
  }
  if (sound && elements <= mostElements) return;
  throw new GraphError(
    `The value "${name}" would have the shape [${shape.slice(0, mostAxes)}], which no machine holds. The file is damaged, or its input is declared too large.`,
  );
}
