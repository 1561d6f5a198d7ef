import type { AttributeProto, GraphProto } from 'onnx-buf';
import { GraphError } from './errors.ts';
import type { ElementType, Tensor } from './tensor.ts';

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
  /** Kept as it was read: subgraphs, sparse tensors and types, which nothing here looks into. */
  | { kind: 'other'; value: AttributeProto; graphs: GraphProto[] };

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

/** An ONNX model: nodes in an order in which they can run. Treated as immutable: every function returns a new one. */
export interface Model {
  irVersion: number;
  /** Version of ONNX's own operator set. */
  opset: number;
  /** Versions of other operator sets, by domain. */
  domains: Record<string, number>;
  producer: string;
  name: string;
  inputs: Value[];
  outputs: Value[];
  constants: Map<string, Tensor>;
  nodes: Node[];
  metadata: Record<string, string>;
}

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

export function intsAttribute(node: Node, name: string): number[] | undefined {
  const found = node.attributes[name];
  if (!found) return undefined;
  if (found.kind !== 'ints')
    throw new GraphError(
      `Attribute ${name} of ${describe(node)} is of kind ${found.kind}, not a list of integers. The file is not valid ONNX.`,
      at(node),
    );
  return found.value;
}

export const describe = (node: Node): string =>
  `${node.domain ? `${node.domain}.` : ''}${node.operator} node "${node.name || node.outputs[0] || ''}"`;

export const at = (node: Node): { operator: string; node: string } => ({
  operator: node.operator,
  node: node.name || node.outputs[0] || '',
});

/** Every name a node reads, those captured by its subgraphs included. */
export function reads(node: Node): string[] {
  const names = node.inputs.filter(Boolean);
  for (const value of Object.values(node.attributes)) {
    if (value.kind === 'other') for (const graph of value.graphs) captured(graph, names);
  }
  return names;
}

function captured(graph: GraphProto, names: string[]): void {
  for (const output of graph.output) names.push(output.name);
  for (const node of graph.node) {
    names.push(...node.input);
    for (const value of node.attribute)
      for (const inner of value.g ? [value.g, ...value.graphs] : value.graphs) captured(inner, names);
  }
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
