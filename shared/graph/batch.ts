import { GraphError } from './errors.ts';
import { foldConstants } from './fold.ts';
import { attribute, type Dim, type Model, type Node } from './model.ts';
import { analyse } from './shapes.ts';
import { int64s, numbers } from './tensor.ts';

/** The model with its first input declared to have this shape; dimensions may be names. Other shapes follow by inference. */
export function withInputShape(model: Model, shape: Dim[]): Model {
  const [first, ...rest] = model.inputs;
  const declared = first.shape;
  const clash = declared && (declared.length !== shape.length || declared.some((dim, axis) => axis > 0 && typeof dim === 'number' && typeof shape[axis] === 'number' && dim !== shape[axis]));
  if (clash) throw new GraphError(`The model's input "${first.name}" has shape [${declared}], which [${shape}] does not fit. Give it an input of that shape.`);
  const names = new Map(declared?.map((dim, axis) => [dim, shape[axis]]));
  const bound = rest.map((input) => ({ ...input, shape: input.shape?.map((dim) => (typeof dim === 'string' ? (names.get(dim) ?? dim) : dim)) }));
  return { ...model, inputs: [{ ...first, shape }, ...bound], outputs: redeclare({ ...model, inputs: [{ ...first, shape }, ...bound] }) };
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
  if (!first.shape) throw new GraphError(`The model's input "${first.name}" has no declared shape. Export it with one.`);
  const fixed = first.shape[0];
  const freed = foldConstants({ ...model, inputs: [{ ...first, shape: ['N', ...first.shape.slice(1)] }, ...rest] }, { dequantize });
  const result: Model = { ...freed, constants: new Map(freed.constants), nodes: [] };
  const rewritten = new Map<string, string>();
  for (const node of freed.nodes) {
    // Facts about what comes before, the changes so far included.
    result.nodes.push(...freeNode(node, result, fixed, rewritten));
  }
  return { ...result, outputs: redeclare(result) };
}

const reshaping = new Set(['Reshape', 'Concat', 'Expand']);

function freeNode(node: Node, before: Model, fixed: Dim, rewritten: Map<string, string>): Node[] {
  if (!reshaping.has(node.operator)) return [node];
  const { types, constants } = analyse(before);
  const shapeOf = (name: string) => types.get(name)?.shape;
  if (node.operator === 'Reshape') {
    const target = constants.get(node.inputs[1]);
    const own = shapeOf(node.inputs[0]);
    if (!target || !own || typeof own[0] !== 'string' || attribute(node, 'allowzero', 0)) return [node];
    const wanted = numbers(target);
    const freed = freeTarget(wanted, own, fixed);
    if (!freed) return [node];
    const name = `${node.outputs[0]}/any-batch/shape`;
    before.constants.set(name, int64s(freed));
    return [{ ...node, inputs: [node.inputs[0], name] }];
  }
  if (node.operator === 'Concat') {
    const shapes = node.inputs.map(shapeOf);
    const batched = node.inputs.find((_, i) => shapes[i]?.[0] === 'N');
    const axis = attribute(node, 'axis', 0);
    if (!batched || axis === 0 || !shapes.every((shape) => shape)) return [node];
    const extra: Node[] = [];
    const inputs = node.inputs.map((name, i) => {
      if (shapes[i]?.[0] !== 1 || !constants.has(name)) return name;
      return expandToBatch(name, batched, shapes[i] as number[], node, before, extra, rewritten);
    });
    return [...extra, { ...node, inputs }];
  }
  return [node];
}

/** The Reshape target with its batch left open, or undefined where it need not change. */
function freeTarget(wanted: number[], own: Dim[], fixed: Dim): number[] | undefined {
  const size = (dims: readonly Dim[]) => dims.reduce<number>((product, dim) => product * (typeof dim === 'number' ? dim : 1), 1);
  const open = wanted.includes(-1);
  if (own[0] === 'N' && wanted[0] === fixed) {
    const rest = wanted.slice(1).map((dim, axis) => (dim === 0 ? own[axis + 1] : dim));
    if (open || size(rest) === size(own.slice(1))) return [0, ...wanted.slice(1)];
  }
  if (!open && wanted[0] > 0 && typeof fixed === 'number') return [-1, ...wanted.slice(1)];
  return undefined;
}

function expandToBatch(name: string, batched: string, shape: number[], node: Node, before: Model, extra: Node[], rewritten: Map<string, string>): string {
  const existing = rewritten.get(name);
  if (existing) return existing;
  const value = (hint: string) => `${node.outputs[0]}/any-batch/${hint}`;
  before.constants.set(value('rest'), int64s(shape.slice(1)));
  extra.push(
    { operator: 'Shape', domain: '', name: value('shape'), inputs: [batched], outputs: [value('shape')], attributes: { start: { kind: 'int', value: 0 }, end: { kind: 'int', value: 1 } } },
    { operator: 'Concat', domain: '', name: value('target'), inputs: [value('shape'), value('rest')], outputs: [value('target')], attributes: { axis: { kind: 'int', value: 0 } } },
    { operator: 'Expand', domain: '', name: value('expand'), inputs: [name, value('target')], outputs: [value('expand')], attributes: {} },
  );
  rewritten.set(name, value('expand'));
  return value('expand');
}
