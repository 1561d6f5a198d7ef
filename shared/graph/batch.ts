import { factorsOf, type Product } from './dims.ts';
import { GraphError } from './errors.ts';
import { positiveAxis } from './evaluate.ts';
import type { Facts } from './facts.ts';
import { foldConstants, viewShape } from './fold.ts';
import { at, attribute, type Dim, describe, int, type Model, type Node, nodeOf, type ValueType } from './model.ts';
import { freeName, namesOf } from './names.ts';
import { analyse, inferNode } from './shapes.ts';
import { int64s, listOf, type Tensor } from './tensor.ts';

/**
 * The model with its first input declared to have this shape; dimensions may be names. Other shapes follow by
 * inference.
 */
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
 * Makes a model that was exported for a fixed batch accept any: the first input's batch becomes `N`, and whatever the
 * export wrote down about its own batch (targets of Reshape, sizes of Resize, class tokens joined by Concat) follows
 * it.
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
  const taken = namesOf(freed);
  const context: Context = {
    result,
    facts: analyse(result, () => !dequantize),
    // Folded as well, so that the branches that were taken have shapes.
    written:
      typeof fixed === 'number'
        ? { batch: fixed, types: analyse(foldConstants(model, { dequantize })).types }
        : undefined,
    expanded: new Map(),
    free(wanted) {
      const name = freeName(wanted, taken);
      taken.add(name);
      return name;
    },
  };
  for (const node of freed.nodes) {
    for (const changed of freeNode(node, context)) {
      result.nodes.push(changed);
      inferNode(changed, context.facts, true);
    }
  }
  const outputs = redeclare(result);
  const bound = outputs.find(({ shape }) => typeof shape?.[0] === 'number');
  if (context.written && bound) {
    throw new GraphError(
      `With any number of images the output "${bound.name}" still has shape [${bound.shape}], so the batch of ${context.written.batch} is built into the model. Export it with a dynamic batch.`,
    );
  }
  return { ...result, outputs };
}

/** What the export wrote down: its batch, and the shapes that its values have with it. */
interface Written {
  batch: number;
  types: ReadonlyMap<string, ValueType>;
}

interface Context {
  /** The model as far as it is written. */
  result: Model;
  facts: Facts;
  /** Absent where the batch was open already. */
  written: Written | undefined;
  /** Constants that were repeated along the batch, by name. */
  expanded: Map<string, string>;
  /** A name of a new value, made of the wanted one. */
  free(wanted: string): string;
}

function freeNode(node: Node, context: Context): Node[] {
  if (!context.written) return [node];
  if (node.operator === 'Reshape') return [freeReshape(node, context.written, context)];
  if (node.operator === 'Concat') return freeConcat(node, context.written, context);
  if (node.operator === 'Resize') return freeResize(node, context);
  if (broadcasting.has(node.operator)) return [freeBroadcast(node, context.written, context)];
  if (node.operator === 'Expand') return [freeExpand(node, context)];
  const view = viewShape(node, context.written.types, context.facts);
  if (!view) return [node];
  const target = addConstant(`${node.outputs[0]}/any-batch/view`, view, context);
  const reshape = { ...node, operator: 'Reshape', inputs: [node.inputs[0], target], attributes: {} };
  return [freeReshape(reshape, context.written, context)];
}

/** A Reshape to sizes that hold the batch: the axis where it went is left open. */
function freeReshape(node: Node, { batch, types }: Written, context: Context): Node {
  const { facts } = context;
  const target = facts.constants.get(node.inputs[1]);
  const own = facts.types.get(node.inputs[0])?.shape;
  const axis = own?.findIndex((dim) => typeof dim === 'string') ?? -1;
  const [before, after] = [node.inputs[0], node.outputs[0]].map((name) => types.get(name)?.shape);
  if (!target || !own || axis < 0 || !known(before) || !known(after)) return node;
  const place = batchPlace(before, axis, factorsOf(own[axis]), after, batch);
  if (place < 0 || own.slice(axis + 1).some((dim) => typeof dim === 'string')) {
    throw new GraphError(
      `The ${describe(node)} turns [${own}] into exactly [${after}], so the batch of ${batch} is built in. Export the model with a dynamic batch.`,
      at(node),
    );
  }
  const { allowzero, ...attributes } = node.attributes;
  const shape = addConstant(`${node.outputs[0]}/any-batch/shape`, after.with(place, -1), context);
  return { ...node, inputs: [node.inputs[0], shape], attributes };
}

/**
 * The axis of `after` that holds the batch, given axis `axis` of `before`, which is slow * batch * fast. With a batch
 * of one several axes can be it: one that is the batch alone comes first; then, where axes were merged, one that it
 * shares with what varies slower, as in [tokens, batch, width] to [tokens * batch, width]; then one that it shares with
 * what varies faster, such as heads or windows.
 */
function batchPlace(before: number[], axis: number, { slow, fast }: Product, after: number[], batch: number): number {
  const product = (dims: number[]) => dims.reduce((size, dim) => size * dim, 1);
  const ahead = product(before.slice(0, axis)) * slow;
  const behind = product(before.slice(axis + 1)) * fast;
  const places = after.flatMap((dim, place) => {
    const slower = ahead / product(after.slice(0, place));
    const faster = behind / product(after.slice(place + 1));
    const fits = Number.isInteger(slower) && Number.isInteger(faster) && slower * batch * faster === dim;
    return fits ? [{ place, slower, faster }] : [];
  });
  const merged = after.length < before.length;
  const found =
    places.find(({ slower, faster }) => slower === 1 && faster === 1) ??
    places.find(({ slower, faster }) => (merged ? faster === 1 : slower === 1)) ??
    places[0];
  return found?.place ?? -1;
}

const known = (shape: Dim[] | undefined): shape is number[] =>
  shape?.every((dim) => typeof dim === 'number' && dim > 0) ?? false;

const addConstant = (wanted: string, values: number[], context: Context): string =>
  remember(wanted, int64s(values), context);

/** A new constant of the model that is being written, and its name. */
function remember(wanted: string, tensor: Tensor, { result, facts, free }: Context): string {
  const name = free(wanted);
  result.constants.set(name, tensor);
  facts.constants.set(name, tensor);
  facts.types.set(name, tensor);
  return name;
}

/** Nodes and the name of a vector: the batch that `like` has when the model runs, then these sizes. */
function batchThen(like: string, sizes: number[], prefix: string, context: Context): { nodes: Node[]; name: string } {
  const rest = addConstant(`${prefix}/rest`, sizes, context);
  const [batch, name] = [context.free(`${prefix}/batch`), context.free(`${prefix}/sizes`)];
  return {
    nodes: [
      nodeOf('Shape', [like], batch, { start: int(0), end: int(1) }),
      nodeOf('Concat', [batch, rest], name, { axis: int(0) }),
    ],
    name,
  };
}

/**
 * A constant joined to a batch, such as the class token of a transformer, is the same for every image of the batch: it
 * is repeated.
 */
function freeConcat(node: Node, { batch }: Written, context: Context): Node[] {
  const { facts, expanded } = context;
  const shapes = node.inputs.map((name) => facts.types.get(name)?.shape);
  const batched = node.inputs.find((_, i) => shapes[i]?.[0] === 'N');
  if (!batched || positiveAxis(attribute(node, 'axis', 0), shapes[0]?.length ?? 1) === 0) return [node];
  const extra: Node[] = [];
  const inputs = node.inputs.map((name, i) => {
    const constant = facts.constants.get(name);
    if (!constant || shapes[i]?.[0] !== batch) return name;
    const repeated = expanded.get(name);
    if (repeated) return repeated;
    const prefix = `${node.outputs[0]}/any-batch/${i}`;
    const one = remember(`${prefix}/one`, firstOfEqual(constant, node, facts), context);
    const target = batchThen(batched, constant.shape.slice(1), prefix, context);
    const all = context.free(`${prefix}/repeated`);
    extra.push(...target.nodes, nodeOf('Expand', [one, target.name], all));
    expanded.set(name, all);
    return all;
  });
  return [...extra, { ...node, inputs }];
}

const broadcasting = new Set(['Add', 'Sub', 'Mul', 'Div']);

/**
 * A constant that was written down once for every image of the batch, such as a position encoding, is needed once: it
 * broadcasts.
 */
function freeBroadcast(node: Node, { batch }: Written, context: Context): Node {
  const { facts } = context;
  const rank = node.inputs.reduce((most, name) => Math.max(most, facts.types.get(name)?.shape?.length ?? 0), 0);
  const batched = node.inputs.some((name) => facts.types.get(name)?.shape?.[0] === 'N');
  const inputs = node.inputs.map((name) => {
    const constant = facts.constants.get(name);
    if (!batched || batch === 1 || constant?.shape.length !== rank || constant.shape[0] !== batch) return name;
    return remember(`${node.outputs[0]}/any-batch/one`, firstOfEqual(constant, node, facts), context);
  });
  return { ...node, inputs };
}

function firstOfEqual(constant: Tensor, node: Node, { budget }: Facts): Tensor {
  budget.node = node;
  budget.work(2 * constant.data.length);
  const length = constant.data.length / constant.shape[0];
  for (let i = length; i < constant.data.length; i++)
    if (constant.data[i] !== constant.data[i - length])
      throw new GraphError(
        `The ${describe(node)} has another constant for every image of its batch of ${constant.shape[0]}, so that batch is built in. Export the model with a dynamic batch.`,
        at(node),
      );
  return { type: constant.type, shape: constant.shape.with(0, 1), data: constant.data.slice(0, length) };
}

/** Sizes that an export wrote down hold the batch as well. */
function freeResize(node: Node, context: Context): Node[] {
  const sizes = node.inputs[3] ? context.facts.constants.get(node.inputs[3]) : undefined;
  if (!sizes || node.attributes.axes) return [node];
  const target = batchThen(node.inputs[0], listOf(sizes).slice(1), `${node.outputs[0]}/any-batch`, context);
  return [...target.nodes, { ...node, inputs: node.inputs.with(3, target.name) }];
}

/** An Expand to sizes that its input has already, the batch among them: there a size of 1 leaves the input as it is. */
function freeExpand(node: Node, context: Context): Node {
  const target = context.facts.constants.get(node.inputs[1]);
  const own = context.facts.types.get(node.inputs[0])?.shape;
  if (!target || !own?.some((dim) => typeof dim === 'string')) return node;
  const lead = target.data.length - own.length;
  const sizes = listOf(target).map((size, axis) => (typeof own[axis - lead] === 'string' ? 1 : size));
  return { ...node, inputs: [node.inputs[0], addConstant(`${node.outputs[0]}/any-batch/sizes`, sizes, context)] };
}
