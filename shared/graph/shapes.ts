// Types and shapes of every value, with symbolic dimensions, and the values of small integer vectors that shapes are made of.
import { product, quotient } from './dims.ts';
import { GraphError } from './errors.ts';
import { castType, evaluate, positiveAxis } from './evaluate.ts';
import type { Facts } from './facts.ts';
import { at, attribute, type Dim, describe, type Model, type Node, type ValueType } from './model.ts';
import { shapeRules } from './shape-rules.ts';
import { numbers } from './tensor.ts';

/** Type and shape of every value in the model. A dimension that cannot be known gets a name of its own. */
export function inferShapes(model: Model): ReadonlyMap<string, ValueType> {
  return analyse(model).types;
}

/** Everything that can be known without running the model; `keep` names nodes whose outputs must not become constants. */
export function analyse(model: Model, keep: (node: Node) => boolean = () => false): Facts {
  const facts: Facts = {
    opset: model.opset,
    types: new Map(),
    constants: new Map(model.constants),
    vectors: new Map(),
  };
  for (const { name, type, shape } of model.inputs) facts.types.set(name, { type, shape });
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
  const tensors = node.inputs.map((name) => facts.constants.get(name));
  if (node.inputs.every((name, i) => !name || tensors[i])) {
    const values = guarded(node, () => evaluate(node, tensors, facts.opset));
    if (values) {
      for (const [i, value] of values.entries()) {
        facts.types.set(node.outputs[i], value);
        if (!keep) facts.constants.set(node.outputs[i], value);
      }
      return;
    }
  }
  const vector = node.domain === '' ? propagate(node, facts) : undefined;
  if (vector) facts.vectors.set(node.outputs[0], vector);
  const inputs = node.inputs.map((name) => facts.types.get(name));
  const rule = node.domain === '' ? shapeRules[node.operator] : undefined;
  let outputs: (ValueType | undefined)[] = [];
  if (rule && inputs.every((input, i) => !node.inputs[i] || input?.shape)) {
    outputs = guarded(node, () => rule(node, inputs as never, facts));
  }
  for (const [i, name] of node.outputs.entries()) {
    if (name) facts.types.set(name, outputs[i] ?? { type: inputs[0]?.type ?? 'float32', shape: undefined });
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

/** What breaks on a malformed node is the file's mistake, and is said so. */
function guarded<Result>(node: Node, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (error instanceof GraphError) throw error;
    throw new GraphError(
      `The ${describe(node)} cannot be understood (${error instanceof Error ? error.message : error}). The node is not valid ONNX: export the model again.`,
      at(node),
    );
  }
}

/** The elements of an integer scalar or vector, as far as known. */
export function vectorOf(name: string, facts: Facts): Dim[] | undefined {
  const tensor = facts.constants.get(name);
  if (tensor)
    return tensor.type === 'int64' || tensor.type === 'int32' || tensor.type === 'bool' ? numbers(tensor) : undefined;
  return facts.vectors.get(name);
}

/** Follows dimensions through the small nodes that exporters put between Shape and Reshape. */
function propagate(node: Node, facts: Facts): Dim[] | undefined {
  if (node.operator === 'Shape') {
    const shape = facts.types.get(node.inputs[0])?.shape;
    return shape?.slice(attribute(node, 'start', 0), attribute(node, 'end', shape.length));
  }
  if (
    ![
      'Gather',
      'Slice',
      'Concat',
      'Squeeze',
      'Unsqueeze',
      'Cast',
      'Identity',
      'Reshape',
      'Add',
      'Sub',
      'Mul',
      'Div',
      'Equal',
      'Where',
    ].includes(node.operator)
  )
    return undefined;
  if (node.operator === 'Cast' && castType(node) !== 'int64' && castType(node) !== 'int32') return undefined;
  const [x, second, third] = node.inputs.map((name) => vectorOf(name, facts));
  if (!x) return undefined;
  switch (node.operator) {
    case 'Gather': {
      const picked = second?.map((index) => (typeof index === 'number' ? x[positiveAxis(index, x.length)] : undefined));
      return picked?.every((dim) => dim !== undefined) ? picked : undefined;
    }
    case 'Slice': {
      const [start, end, , step] = node.inputs.slice(1).map((name) => vectorOf(name, facts)?.[0]);
      if (typeof start !== 'number' || typeof end !== 'number' || (step ?? 1) !== 1) return undefined;
      return x.slice(start, end);
    }
    case 'Concat': {
      const parts = node.inputs.map((name) => vectorOf(name, facts));
      return parts.every((part) => part !== undefined) ? parts.flat() : undefined;
    }
    case 'Add':
    case 'Sub':
    case 'Mul':
    case 'Div':
      return second && arithmetic(node.operator, x, second);
    case 'Equal': {
      // A name is a size, so it differs from -1, which is what exporters ask here; otherwise nothing can be said.
      const same = second && x.map((dim, i) => compare(dim, second[second.length === 1 ? 0 : i]));
      return same?.every((value) => value !== undefined) ? same : undefined;
    }
    case 'Where':
      return (
        second &&
        third &&
        x.map((chosen, i) => (chosen ? second : third)[(chosen ? second : third).length === 1 ? 0 : i])
      );
    default:
      return x;
  }
}

function compare(a: Dim, b: Dim): number | undefined {
  if (a === b) return 1;
  if (typeof a === typeof b || (typeof a === 'number' && a >= 0) || (typeof b === 'number' && b >= 0))
    return typeof a === 'number' && typeof b === 'number' ? 0 : undefined;
  return 0;
}

function arithmetic(operator: string, a: Dim[], b: Dim[]): Dim[] | undefined {
  const length = Math.max(a.length, b.length);
  const result: Dim[] = [];
  for (let i = 0; i < length; i++) {
    const left = a[a.length === 1 ? 0 : i];
    const right = b[b.length === 1 ? 0 : i];
    const value = combine(operator, left, right);
    if (value === undefined) return undefined;
    result.push(value);
  }
  return result;
}

function combine(operator: string, a: Dim, b: Dim): Dim | undefined {
  if (typeof a === 'number' && typeof b === 'number') {
    if (operator === 'Add') return a + b;
    if (operator === 'Sub') return a - b;
    if (operator === 'Mul') return a * b;
    return b === 0 ? undefined : Math.trunc(a / b);
  }
  if (operator === 'Mul') return product([a, b]);
  if (operator === 'Div') return quotient(a, b);
  return b === 0 ? a : undefined;
}
