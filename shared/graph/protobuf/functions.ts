// Functions that a file defines itself (exporters write one for each module or composite operator): calls are replaced
// by their bodies.
import { clone, type DescMessage, type MessageShape } from '@bufbuild/protobuf';
import {
  type AttributeProto,
  AttributeProtoSchema,
  type FunctionProto,
  type GraphProto,
  GraphProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  TensorProtoSchema,
  ValueInfoProtoSchema,
} from 'onnx-buf';
import { GraphError } from '../errors.ts';

/** Deeper than any exporter nests, and more calls than any model has. */
const deepest = 64;
const mostCalls = 100_000;

/** A copy with other fields. Not by spreading alone: what is unset in a message lives in its prototype. */
function changed<Schema extends DescMessage>(
  schema: Schema,
  message: MessageShape<Schema>,
  changes: Partial<MessageShape<Schema>>,
): MessageShape<Schema> {
  return Object.assign(clone(schema, message), changes);
}

const keyOf = ({ domain, name, overload }: { domain: string; name: string; overload: string }) =>
  JSON.stringify([domain, name, overload]);

/**
 * The nodes with every call of a function replaced by the function's nodes, under names of their own.
 * @throws GraphError when functions call each other in a circle
 */
export function inlineFunctions(nodes: NodeProto[], functions: readonly FunctionProto[]): NodeProto[] {
  if (functions.length === 0) return nodes;
  const known = new Map(functions.map((definition) => [keyOf(definition), definition]));
  let calls = 0;
  const expand = (node: NodeProto, depth: number): NodeProto[] => {
    const definition = known.get(keyOf({ domain: node.domain, name: node.opType, overload: node.overload }));
    if (!definition) return [node];
    if (depth > deepest || calls >= mostCalls)
      throw new GraphError(
        `The function ${node.opType} of the model calls itself, or others without end. The file is damaged: export it again.`,
      );
    const prefix = `${node.name || node.opType}/${calls++}/`;
    const names = new Map<string, string>();
    for (const [i, name] of definition.input.entries()) names.set(name, node.input[i] ?? '');
    for (const [i, name] of definition.output.entries()) if (node.output[i]) names.set(name, node.output[i]);
    const given = new Map([...definition.attributeProto, ...node.attribute].map((value) => [value.name, value]));
    const scope: Scope = {
      name: (name) => (name === '' ? '' : (names.get(name) ?? prefix + name)),
      prefix,
      given,
    };
    return definition.node.flatMap((inner) => expand(renamed(inner, scope), depth + 1));
  };
  return nodes.flatMap((node) => expand(node, 0));
}

interface Scope {
  name(name: string): string;
  prefix: string;
  /** The attributes of the call, the function's defaults beneath. */
  given: ReadonlyMap<string, AttributeProto>;
}

const renamed = (node: NodeProto, scope: Scope): NodeProto =>
  changed(NodeProtoSchema, node, {
    name: scope.prefix + (node.name || node.output[0]),
    input: node.input.map(scope.name),
    output: node.output.map(scope.name),
    attribute: node.attribute.flatMap((value) => resolved(value, scope)),
  });

/** A reference becomes the attribute of the call, and is left out where the call has none. */
function resolved(value: AttributeProto, scope: Scope): AttributeProto[] {
  if (value.refAttrName) {
    const found = scope.given.get(value.refAttrName);
    return found ? [changed(AttributeProtoSchema, found, { name: value.name })] : [];
  }
  if (!value.g && value.graphs.length === 0) return [value];
  const graph = (inner: GraphProto) => renamedGraph(inner, scope);
  return [changed(AttributeProtoSchema, value, { g: value.g && graph(value.g), graphs: value.graphs.map(graph) })];
}

const renamedGraph = (graph: GraphProto, scope: Scope): GraphProto =>
  changed(GraphProtoSchema, graph, {
    node: graph.node.map((node) => renamed(node, scope)),
    initializer: graph.initializer.map((tensor) =>
      changed(TensorProtoSchema, tensor, { name: scope.name(tensor.name) }),
    ),
    input: graph.input.map((value) => changed(ValueInfoProtoSchema, value, { name: scope.name(value.name) })),
    output: graph.output.map((value) => changed(ValueInfoProtoSchema, value, { name: scope.name(value.name) })),
  });
