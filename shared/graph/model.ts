import type { AttributeProto } from 'onnx-buf';
import { GraphError, ImpossibleShape } from './errors.ts';
import { type ElementType, longestList, sizeOf, type Tensor } from './tensor.ts';

/** A dimension: a size, or the name of one that is only known when the model runs (`N` for the batch). */
export type Dim = number | string;

export interface ValueType {
  type: ElementType;
  /** Absent when not even the rank is known. */
  shape: Dim[] | undefined;
}

export interface Value extends ValueType {
  name: string;
}

export type Attribute =
  | { kind: 'int'; value: number }
  | { kind: 'float'; value: number }
  | { kind: 'string'; value: string }
  | { kind: 'ints'; value: number[] }
  | { kind: 'floats'; value: number[] }
  | { kind: 'strings'; value: string[] }
  | { kind: 'tensor'; value: Tensor }
  | { kind: 'graph'; value: Subgraph }
  /** Kept as it was read: sparse tensors, types and lists of graphs, which nothing here looks into. */
  | { kind: 'other'; value: AttributeProto };

export interface Node {
  operator: string;
  /** Empty for ONNX's own operators. */
  domain: string;
  name: string;
  /** An empty name stands for an optional input that is left out. */
  inputs: string[];
  outputs: string[];
  attributes: Record<string, Attribute>;
}

/** A graph by itself, or inside of a node, where it may also read what the graph around it has. */
export interface Subgraph {
  name: string;
  inputs: Value[];
  outputs: Value[];
  constants: Map<string, Tensor>;
  /** In an order in which they can run. */
  nodes: Node[];
}

/** An ONNX model. Treated as immutable: every function returns a new one. */
export interface Model extends Subgraph {
  irVersion: number;
  /** Version of ONNX's own operator set. */
  opset: number;
  /** Versions of other operator sets, by domain. */
  domains: Record<string, number>;
  producer: string;
  metadata: Record<string, string>;
  /** Elements of all weights that the file itself held; absent in a model that was read from none. */
  weights?: number;
}

/** Values of more axes are in no network. */
export const mostAxes = 32;

/** Elements of all weights of the file that the model was read from, whatever has been computed of them since. */
export function weightsOf({ weights, constants }: Model): number {
  if (weights !== undefined) return weights;
  let sum = 0;
  for (const { shape } of constants.values()) sum += sizeOf(shape);
  return sum;
}

/** A node of ONNX's own with one output, after which it is named. */
export const nodeOf = (
  operator: string,
  inputs: string[],
  output: string,
  attributes: Node['attributes'] = {},
): Node => ({ operator, domain: '', name: output, inputs, outputs: [output], attributes });

export const int = (value: number): Attribute => ({ kind: 'int', value });
export const float = (value: number): Attribute => ({ kind: 'float', value });
export const ints = (value: number[]): Attribute => ({ kind: 'ints', value });
export const text = (value: string): Attribute => ({ kind: 'string', value });

export function attribute(node: Node, name: string, fallback: number): number;
export function attribute(node: Node, name: string, fallback: string): string;
export function attribute(node: Node, name: string, fallback: number | string): number | string {
  const found = node.attributes[name];
  if (!found) return fallback;
  if (typeof found.value !== typeof fallback)
    throw new GraphError(
      `Attribute ${name} of ${describe(node)} is of kind ${found.kind}. The file is not valid ONNX.`,
      at(node),
    );
  return found.value as number | string;
}

export function intsAttribute(node: Node, name: string, longest = longestList): number[] | undefined {
  const found = node.attributes[name];
  if (!found) return undefined;
  if (found.kind !== 'ints')
    throw new GraphError(
      `Attribute ${name} of ${describe(node)} is of kind ${found.kind}, not a list of integers. The file is not valid ONNX.`,
      at(node),
    );
  if (found.value.length > longest)
    throw new GraphError(
      `Attribute ${name} of ${describe(node)} lists ${found.value.length} integers, which no operator takes. The file is damaged: export it again.`,
      at(node),
    );
  return found.value;
}

/** A node's name, or else that of its first output that has one: a GRU may leave out the first of its two. */
const nameOf = (node: Node): string => node.name || node.outputs.find(Boolean) || '';

export const describe = (node: Node): string =>
  `${node.domain ? `${node.domain}.` : ''}${node.operator} node "${nameOf(node)}"`;

export const at = (node: Node): { operator: string; node: string } => ({
  operator: node.operator,
  node: nameOf(node),
});

/** What breaks on a malformed node is the file's mistake, and is said so. */
export function guarded<Result>(node: Node, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (error instanceof GraphError) throw error;
    const reason =
      error instanceof ImpossibleShape
        ? error.message
        : 'it lacks an input, an output or an attribute that the operator has, or one is of the wrong kind or size';
    throw new GraphError(
      `The ${describe(node)} cannot be understood: ${reason}. The node is not valid ONNX: export the model again.`,
      { ...at(node), cause: error },
    );
  }
}

/** Every name that a node reads, those that its subgraphs take from around them included. */
export function reads(node: Node): string[] {
  const names = node.inputs.filter(Boolean);
  for (const value of Object.values(node.attributes)) if (value.kind === 'graph') capture(value.value, names);
  return names;
}

/** Adds to `names` what a graph inside of a node takes from around it. */
function capture({ inputs, constants, nodes, outputs }: Subgraph, names: string[]): void {
  const own = new Set(constants.keys());
  for (const { name } of inputs) own.add(name);
  for (const node of nodes) for (const name of node.outputs) own.add(name);
  for (const node of nodes) for (const name of reads(node)) if (!own.has(name)) names.push(name);
  for (const { name } of outputs) if (!own.has(name)) names.push(name);
}

/** Drops nodes and constants that no output depends on. */
export function removeUnused(model: Model): Model {
  const used = new Set(model.outputs.map((output) => output.name));
  const nodes: Node[] = [];
  for (const node of model.nodes.toReversed()) {
    if (!node.outputs.some((name) => used.has(name))) continue;
    nodes.push(node);
    for (const name of reads(node)) used.add(name);
  }
  return {
    ...model,
    nodes: nodes.reverse(),
    constants: new Map([...model.constants].filter(([name]) => used.has(name))),
  };
}
