import { GraphError } from './errors.ts';
import type { Facts } from './facts.ts';
import { foldConstants } from './fold.ts';
import { at, attribute, type Dim, describe, int, type Model, type Node } from './model.ts';
import { analyse, inferNode } from './shapes.ts';
import { int64s, numbers } from './tensor.ts';

/** The model with its first input declared to have this shape; dimensions may be names. Other shapes follow by inference. */
export function withInputShape(model: Model, shape: Dim[]): Model {
  const [first, ...rest] = model.inputs;
  const declared = first.shape;
  const clash =
    declared &&
    (declared.length !== shape.length ||
      declared.some(
        (dim, axis) => axis > 0 && typeof dim === 'number' && typeof shape[axis] === 'number' && dim !== shape[axis],
      ));
  if (clash)
    throw new GraphError(
      `The model's input "${first.name}" has shape [${declared}], which [${shape}] does not fit. Give it an input of that shape.`,
    );
  const names = new Map(declared?.map((dim, axis) => [dim, shape[axis]]));
  const bound = rest.map((input) => ({
    ...input,
    shape: input.shape?.map((dim) => (typeof dim === 'string' ? (names.get(dim) ?? dim) : dim)),
  }));
  return {
    ...model,
    inputs: [{ ...first, shape }, ...bound],
    outputs: redeclare({ ...model, inputs: [{ ...first, shape }, ...bound] }),
  };
}

function redeclare(model: Model) {
  const { types } = analyse(model);
  return model.outputs.map((output) => ({ ...output, shape: types.get(output.name)?.shape ?? output.shape }));
}

/**
 * Makes a model that was exported for a fixed batch accept any: the first input's batch becomes `N`, and whatever the export wrote
 * down about a batch of one (constant Reshape targets, class tokens joined by Concat) follows it.
 *
 * @throws GraphError where a fixed batch is built into something that cannot be freed.
 */
export function freeBatch(model: Model, { dequantize = true }: { dequantize?: boolean } = {}): Model {
  const [first, ...rest] = model.inputs;
  if (!first.shape)
    throw new GraphError(`The model's input "${first.name}" has no declared shape. Export it with one.`);
  const fixed = first.shape[0];
  const freed = foldConstants(
    { ...model, inputs: [{ ...first, shape: ['N', ...first.shape.slice(1)] }, ...rest] },
    { dequantize },
  );
  const result: Model = { ...freed, constants: new Map(freed.constants), nodes: [] };
  const facts = analyse(result, () => !dequantize);
  const context: Context = { result, facts, fixed, expanded: new Map() };
  for (const node of freed.nodes) {
    for (const changed of freeNode(node, context)) {
      result.nodes.push(changed);
      inferNode(changed, facts, true);
    }
  }
  return { ...result, outputs: redeclare(result) };
}

interface Context {
  /** The model as far as it is written. */
  result: Model;
  facts: Facts;
  /** The batch that the file was exported for. */
  fixed: Dim;
  /** Constants that were repeated along the batch, by name. */
  expanded: Map<string, string>;
}

function freeNode(node: Node, context: Context): Node[] {
  if (node.operator === 'Reshape') return [freeReshape(node, context)];
  if (node.operator === 'Concat') return freeConcat(node, context);
  return [node];
}

function freeReshape(node: Node, context: Context): Node {
  const { facts, fixed } = context;
  const target = facts.constants.get(node.inputs[1]);
  const own = facts.types.get(node.inputs[0])?.shape;
  if (!target || !own || attribute(node, 'allowzero', 0)) return node;
  const wanted = numbers(target);
  const freed = typeof own[0] === 'string' ? freeTarget(wanted, own, fixed) : undefined;
  if (!freed) {
    if (typeof fixed === 'number' && own.some((dim) => typeof dim === 'string') && wanted.every((dim) => dim > 0)) {
      throw new GraphError(
        `The ${describe(node)} turns [${own}] into exactly [${wanted}], so the batch of ${fixed} is built in. Export the model with a dynamic batch.`,
        at(node),
      );
    }
    return node;
  }
  return { ...node, inputs: [node.inputs[0], addConstant(`${node.outputs[0]}/any-batch/shape`, freed, context)] };
}

function addConstant(name: string, values: number[], { result, facts }: Context): string {
  const tensor = int64s(values);
  result.constants.set(name, tensor);
  facts.constants.set(name, tensor);
  facts.types.set(name, tensor);
  return name;
}

/** A constant joined to a batch, such as the class token of a transformer, was a batch of one: it is repeated. */
function freeConcat(node: Node, context: Context): Node[] {
  const { facts, expanded } = context;
  const shapes = node.inputs.map((name) => facts.types.get(name)?.shape);
  const batched = node.inputs.find((_, i) => shapes[i]?.[0] === 'N');
  if (!batched || attribute(node, 'axis', 0) === 0) return [node];
  const extra: Node[] = [];
  const inputs = node.inputs.map((name, i) => {
    if (shapes[i]?.[0] !== 1 || !facts.constants.has(name)) return name;
    const known = expanded.get(name);
    if (known) return known;
    const value = (hint: string) => `${node.outputs[0]}/any-batch/${hint}${i}`;
    const rest = addConstant(value('rest'), (shapes[i] as number[]).slice(1), context);
    const step = (operator: string, from: string[], to: string, attributes: Node['attributes']): Node => ({
      operator,
      domain: '',
      name: to,
      inputs: from,
      outputs: [to],
      attributes,
    });
    extra.push(
      step('Shape', [batched], value('shape'), { start: int(0), end: int(1) }),
      step('Concat', [value('shape'), rest], value('target'), { axis: int(0) }),
      step('Expand', [name, value('target')], value('repeated'), {}),
    );
    expanded.set(name, value('repeated'));
    return value('repeated');
  });
  return [...extra, { ...node, inputs }];
}

/** The Reshape target with its batch left open, or undefined where it need not change. */
function freeTarget(wanted: number[], own: Dim[], fixed: Dim): number[] | undefined {
  const size = (dims: readonly Dim[]) =>
    dims.reduce<number>((product, dim) => product * (typeof dim === 'number' ? dim : 1), 1);
  const open = wanted.includes(-1);
  if (own[0] === 'N' && wanted[0] === fixed) {
    const rest = wanted.slice(1).map((dim, axis) => (dim === 0 ? own[axis + 1] : dim));
    if (open || size(rest) === size(own.slice(1))) return [0, ...wanted.slice(1)];
  }
  if (!open && wanted[0] > 0 && typeof fixed === 'number') return [-1, ...wanted.slice(1)];
  return undefined;
}
