// Functions that a file defines itself (exporters write one for each module or composite operator): calls are replaced
// by their bodies.
import type { Message } from '@bufbuild/protobuf';
import type { AttributeProto, FunctionProto, GraphProto, NodeProto } from 'onnx-buf';
import { GraphError } from '../errors.ts';
import { Limits } from './limits.ts';

/** Deeper than any exporter nests. */
const deepest = 64;
/** Characters of all names that come from it: a few hundred for each value of the largest networks. */
const mostCharacters = 2 ** 26;

/**
 * A copy with other fields, which shares the rest: what a function is called with may be large, and it may be called
 * often. Not by spreading: what is unset in a message lives in its prototype.
 */
const changed = <Shape extends Message>(message: Shape, changes: Partial<Shape>): Shape =>
  Object.assign(Object.create(Object.getPrototypeOf(message)), message, changes);

const keyOf = ({ domain, name, overload }: { domain: string; name: string; overload: string }) =>
  JSON.stringify([domain, name, overload]);

/**
 * The nodes with every call of a function replaced by the function's nodes, under names of their own.
 * @throws GraphError when functions call each other in a circle, or come to more than any model has
 */
export function inlineFunctions(nodes: NodeProto[], functions: readonly FunctionProto[]): NodeProto[] {
  if (functions.length === 0) return nodes;
  const known = new Map(functions.map((definition) => [keyOf(definition), definition]));
  const limits = new Limits();
  const result: NodeProto[] = [];
  let calls = 0;
  let characters = 0;
  const expand = (node: NodeProto, depth: number): void => {
    const definition = known.get(keyOf({ domain: node.domain, name: node.opType, overload: node.overload }));
    limits.count(node);
    if (!definition) {
      result.push(node);
      return;
    }
    if (depth > deepest)
      throw new GraphError(
        `The function ${node.opType} of the model calls itself, or others without end. The file is damaged: export it again.`,
      );
    const prefix = `${node.name || node.opType}/${calls++}/`;
    const names = new Map<string, string>();
    for (const [i, name] of definition.input.entries()) names.set(name, node.input[i] ?? '');
    for (const [i, name] of definition.output.entries()) if (node.output[i]) names.set(name, node.output[i]);
    const given = new Map([...definition.attributeProto, ...node.attribute].map((value) => [value.name, value]));
    const scope: Scope = {
      name(name) {
        if (name === '') return '';
        const own = names.get(name) ?? prefix + name;
        characters += own.length;
        if (characters > mostCharacters)
          throw new GraphError(
            `The functions of the model would be written out to names of more than ${mostCharacters} characters. The file is damaged: export it again without functions.`,
          );
        return own;
      },
      prefix,
      given,
      limits,
    };
    for (const inner of definition.node) expand(renamed(inner, scope), depth + 1);
  };
  for (const node of nodes) expand(node, 0);
  return result;
}

interface Scope {
  name(name: string): string;
  prefix: string;
  /** The attributes of the call, the function's defaults beneath. */
  given: ReadonlyMap<string, AttributeProto>;
  limits: Limits;
}

const renamed = (node: NodeProto, scope: Scope): NodeProto =>
  changed(node, {
    name: scope.prefix + (node.name || node.output[0]),
    input: node.input.map(scope.name),
    output: node.output.map(scope.name),
    attribute: node.attribute.flatMap((value) => resolved(value, scope)),
  });

/** A reference becomes the attribute of the call, and is left out where the call has none. */
function resolved(value: AttributeProto, scope: Scope): AttributeProto[] {
  if (value.refAttrName) {
    const found = scope.given.get(value.refAttrName);
    return found ? [changed(found, { name: value.name })] : [];
  }
  if (!value.g && value.graphs.length === 0) return [value];
  const graph = (inner: GraphProto) => renamedGraph(inner, scope);
  return [changed(value, { g: value.g && graph(value.g), graphs: value.graphs.map(graph) })];
}

const renamedGraph = (graph: GraphProto, scope: Scope): GraphProto =>
  changed(graph, {
    node: graph.node.map((node) => {
      scope.limits.count(node);
      return renamed(node, scope);
    }),
    initializer: graph.initializer.map((tensor) => changed(tensor, { name: scope.name(tensor.name) })),
    input: graph.input.map((value) => changed(value, { name: scope.name(value.name) })),
    output: graph.output.map((value) => changed(value, { name: scope.name(value.name) })),
  });
