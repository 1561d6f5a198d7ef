// ONNX files to the model of this room. onnx-buf does the protobuf; this file checks and translates what it reads.
import { fromBinary } from '@bufbuild/protobuf';
import {
  type AttributeProto,
  type GraphProto,
  AttributeProto_AttributeType as Kind,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  type ValueInfoProto,
} from 'onnx-buf';
import { GraphError } from '../errors.ts';
import { type Attribute, describe, type Model, type Node, reads, type Subgraph, type Value } from '../model.ts';
import type { Tensor } from '../tensor.ts';
import { upgrade } from '../upgrade.ts';
import { typeName, utf8 } from './element-types.ts';
import { inlineFunctions } from './functions.ts';
import { type ExternalData, readTensor } from './tensors.ts';

/**
 * Reads an ONNX file. float16 and bfloat16 become float32 throughout, operator sets 7 to 16 become set 17, and
 * functions that the file defines are written out. Weights are not copied: the bytes must stay as they are for as long
 * as the model is used.
 *
 * @param options.external gives the files that weights lie in where the model keeps them outside
 * @throws GraphError when the bytes are no ONNX model, contradict themselves, or keep their weights in a file that is
 * not given
 */
export function readModel(bytes: Uint8Array, { external }: { external?: ExternalData } = {}): Model {
  const proto = parse(bytes);
  const graph = proto.graph;
  if (!graph || (graph.node.length === 0 && graph.output.length === 0)) {
    throw new GraphError(`These ${bytes.length} bytes hold no ONNX graph. Is this the right file?`);
  }
  graph.node = inlineFunctions(graph.node, proto.functions);
  if (graph.sparseInitializer.length > 0)
    throw new GraphError('The model has sparse initializers, which are not read. Export it with dense weights.');
  const opset = proto.opsetImport.find(({ domain }) => domain === '' || domain === 'ai.onnx');
  const files = new Map<string, Uint8Array>();
  const once: ExternalData | undefined =
    external &&
    ((location) => {
      const file = files.get(location) ?? external(location);
      files.set(location, file);
      return file;
    });
  const body = readGraph(graph, once);
  const model: Model = {
    irVersion: Number(proto.irVersion),
    opset: Number(opset?.version ?? 1n),
    domains: Object.fromEntries(
      proto.opsetImport.filter((entry) => entry !== opset).map(({ domain, version }) => [domain, Number(version)]),
    ),
    producer: proto.producerName,
    metadata: Object.fromEntries(proto.metadataProps.map(({ key, value }) => [key, value])),
    ...body,
  };
  checkOrder(model, new Set());
  return upgrade(model);
}

function parse(bytes: Uint8Array): ModelProto {
  try {
    return fromBinary(ModelProtoSchema, bytes);
  } catch (error) {
    throw new GraphError(
      `These ${bytes.length} bytes are not an ONNX model: ${error instanceof Error ? error.message : String(error)}. The file may be truncated: fetch or export it again.`,
    );
  }
}

function readGraph(graph: GraphProto, external: ExternalData | undefined): Subgraph {
  const constants = new Map<string, Tensor>();
  for (const tensor of graph.initializer)
    constants.set(tensor.name, readTensor(tensor, `initializer "${tensor.name}"`, external));
  return {
    name: graph.name,
    // Before IR version 4 every initializer is listed among the inputs as well.
    inputs: graph.input.filter(({ name }) => !constants.has(name)).map(readValue),
    outputs: graph.output.map(readValue),
    constants,
    nodes: graph.node.map((node) => readNode(node, external)),
  };
}

function readNode(proto: NodeProto, external: ExternalData | undefined): Node {
  const node: Node = {
    operator: proto.opType,
    domain: proto.domain === 'ai.onnx' ? '' : proto.domain,
    name: proto.name,
    inputs: proto.input,
    outputs: proto.output,
    attributes: Object.fromEntries(
      proto.attribute.map((entry) => [entry.name, readAttribute(entry, proto.name, external)]),
    ),
  };
  const to = node.attributes.to;
  // Half precision is widened everywhere, so a cast to it is a cast to float32.
  if (node.operator === 'Cast' && to?.kind === 'int' && (to.value === 10 || to.value === 16)) to.value = 1;
  return node;
}

/** ONNX asks that a node comes after what it reads, and that every name has one source: cycles cannot pass. */
function checkOrder(graph: Subgraph, outer: ReadonlySet<string>): void {
  const known = new Set([...outer, '', ...graph.inputs.map(({ name }) => name), ...graph.constants.keys()]);
  for (const node of graph.nodes) {
    const missing = reads(node).find((name) => !known.has(name));
    if (missing !== undefined) {
      throw new GraphError(
        `${describe(node)} reads "${missing}", which nothing before it provides. The file is damaged or its nodes are out of order: export it again.`,
      );
    }
    for (const value of Object.values(node.attributes)) if (value.kind === 'graph') checkOrder(value.value, known);
    for (const name of node.outputs) {
      if (name && known.has(name))
        throw new GraphError(
          `${describe(node)} writes "${name}", which already exists. The file is damaged: export it again.`,
        );
      known.add(name);
    }
  }
  const missing = graph.outputs.find(({ name }) => !known.has(name));
  if (missing)
    throw new GraphError(`The output "${missing.name}" is computed by no node. The file is damaged: export it again.`);
}

function readValue(value: ValueInfoProto): Value {
  const kind = value.type?.value;
  if (kind?.case !== 'tensorType') return { name: value.name, type: 'opaque0', shape: undefined };
  return {
    name: value.name,
    type: typeName(kind.value.elemType),
    shape: kind.value.shape?.dim.map(({ value: dim }, axis) =>
      dim.case === 'dimValue' && dim.value > 0n
        ? Number(dim.value)
        : dim.case === 'dimParam' && dim.value
          ? dim.value.replaceAll('*', '_') // which means a product in this room
          : `${value.name}.${axis}`,
    ),
  };
}

function readAttribute(proto: AttributeProto, node: string, external: ExternalData | undefined): Attribute {
  switch (proto.type) {
    case Kind.INT:
      return { kind: 'int', value: Number(proto.i) };
    case Kind.FLOAT:
      return { kind: 'float', value: proto.f };
    case Kind.STRING:
      return { kind: 'string', value: utf8.decode(proto.s) };
    case Kind.INTS:
      return { kind: 'ints', value: proto.ints.map(Number) };
    case Kind.FLOATS:
      return { kind: 'floats', value: proto.floats };
    case Kind.STRINGS:
      return { kind: 'strings', value: proto.strings.map(utf8.decode) };
    case Kind.TENSOR:
      if (!proto.t)
        throw new GraphError(
          `Attribute ${proto.name} of node "${node}" has no tensor. The file is damaged: export it again.`,
        );
      return { kind: 'tensor', value: readTensor(proto.t, `attribute ${proto.name} of node "${node}"`, external) };
    case Kind.GRAPH:
      if (!proto.g)
        throw new GraphError(
          `Attribute ${proto.name} of node "${node}" has no graph. The file is damaged: export it again.`,
        );
      return { kind: 'graph', value: readGraph(proto.g, external) };
    default:
      return { kind: 'other', value: proto };
  }
}
