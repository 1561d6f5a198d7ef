// ONNX files to the model of this room. onnx-buf does the protobuf; this file checks and translates what it reads.
import { fromBinary } from '@bufbuild/protobuf';
import {
  type AttributeProto,
  type GraphProto,
  AttributeProto_AttributeType as Kind,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from 'onnx-buf';
import { GraphError } from '../errors.ts';
import {
  type Attribute,
  describe,
  type Model,
  mostAxes,
  type Node,
  reads,
  type Subgraph,
  type Value,
} from '../model.ts';
import { isNumeric, sizeOf, type Tensor } from '../tensor.ts';
import { upgrade } from '../upgrade.ts';
import { typeName, utf8 } from './element-types.ts';
import { inlineFunctions } from './functions.ts';
import { checkCount, checkName, deepestGraph, Limits } from './limits.ts';
import { checkParts } from './parts.ts';
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
  checkDepth(graph.node, 0);
  for (const { node } of proto.functions) checkDepth(node, 0);
  graph.node = inlineFunctions(graph.node, proto.functions);
  if (graph.sparseInitializer.length > 0)
    throw new GraphError('The model has sparse initializers, which are not read. Export it with dense weights.');
  const opset = proto.opsetImport.find(({ domain }) => domain === '' || domain === 'ai.onnx');
  const reading: Reading = {
    external: undefined,
    limits: new Limits(),
    read: new Map(),
    bytes: bytes.length,
    weights: 0,
    constants: 0,
  };
  if (external) reading.external = onceEach(external, reading);
  const body = readGraph(graph, reading);
  const model: Model = {
    irVersion: Number(proto.irVersion),
    opset: Number(opset?.version ?? 1n),
    domains: Object.fromEntries(
      proto.opsetImport.filter((entry) => entry !== opset).map(({ domain, version }) => [domain, Number(version)]),
    ),
    producer: proto.producerName,
    metadata: Object.fromEntries(proto.metadataProps.map(({ key, value }) => [key, value])),
    ...body,
    weights: Math.min(reading.weights, reading.bytes),
  };
  checkOrder(model);
  return upgrade(model);
}

/** What is counted while a file is read. */
interface Reading {
  external: ExternalData | undefined;
  limits: Limits;
  /** Tensors by their bytes: where functions were written out, several share them. */
  read: Map<Uint8Array, Tensor>;
  /** Of the model's file, and of the weight files so far. */
  bytes: number;
  /** Elements of all tensors so far. */
  weights: number;
  constants: number;
}

/** An element takes a byte or more; more than this say the same bytes again and again. */
const elementsPerByte = 16;

/** Every file is read once, however many tensors lie in it. */
function onceEach(external: ExternalData, reading: Reading): ExternalData {
  const files = new Map<string, Uint8Array>();
  return (location) => {
    let file = files.get(location);
    if (!file) {
      file = external(location);
      files.set(location, file);
      reading.bytes += file.length;
    }
    return file;
  };
}

/** @throws GraphError for graphs in graphs that are deeper than what follows them one by one could stand */
function checkDepth(nodes: readonly NodeProto[], depth: number): void {
  if (depth > deepestGraph)
    throw new GraphError(
      `The model has graphs in graphs in more than ${deepestGraph} levels. The file is damaged: fetch or export it again.`,
    );
  for (const { attribute } of nodes)
    for (const { g, graphs } of attribute)
      for (const inner of g ? [g, ...graphs] : graphs) checkDepth(inner.node, depth + 1);
}

function parse(bytes: Uint8Array): ModelProto {
  checkParts(bytes);
  try {
    return fromBinary(ModelProtoSchema, bytes);
  } catch (error) {
    throw new GraphError(
      `These ${bytes.length} bytes are not an ONNX model: ${error instanceof Error ? error.message : String(error)}. The file may be truncated: fetch or export it again.`,
    );
  }
}

function readGraph(graph: GraphProto, reading: Reading): Subgraph {
  const constants = new Map<string, Tensor>();
  for (const tensor of graph.initializer)
    constants.set(tensor.name, readConstant(tensor, `initializer "${tensor.name}"`, reading));
  for (const list of [graph.input, graph.output]) {
    checkCount(list.length);
    for (const { name } of list) checkName(name);
  }
  return {
    name: graph.name,
    // Before IR version 4 every initializer is listed among the inputs as well.
    inputs: graph.input.filter(({ name }) => !constants.has(name)).map(readValue),
    outputs: graph.output.map(readValue),
    constants,
    nodes: graph.node.map((node) => readNode(node, reading)),
  };
}

function readConstant(proto: TensorProto, where: string, reading: Reading): Tensor {
  checkCount(++reading.constants);
  checkName(proto.name);
  const tensor = reading.read.get(proto.rawData) ?? readTensor(proto, where, reading.external);
  if (proto.rawData.length > 0) reading.read.set(proto.rawData, tensor);
  if (isNumeric(tensor.type)) reading.weights += sizeOf(tensor.shape);
  if (reading.weights > elementsPerByte * reading.bytes + 2 ** 20)
    throw new GraphError(
      `The tensors of the model have more than ${reading.weights} elements, and its files ${reading.bytes} bytes: they name the same bytes again and again. Export it again, each weight once.`,
    );
  return tensor;
}

function readNode(proto: NodeProto, reading: Reading): Node {
  reading.limits.count(proto);
  const node: Node = {
    operator: proto.opType,
    domain: proto.domain === 'ai.onnx' ? '' : proto.domain,
    name: proto.name,
    inputs: proto.input,
    outputs: proto.output,
    attributes: Object.fromEntries(
      proto.attribute.map((entry) => [entry.name, readAttribute(entry, proto.name, reading)]),
    ),
  };
  const to = node.attributes.to;
  // Half precision is widened everywhere, so a cast to it is a cast to float32.
  if (node.operator === 'Cast' && to?.kind === 'int' && (to.value === 10 || to.value === 16)) to.value = 1;
  return node;
}

/** The names that exist where a graph stands, those of the graphs around it included. */
interface Names {
  own: Set<string>;
  outer: Names | undefined;
}

function knows(names: Names | undefined, name: string): boolean {
  for (let scope = names; scope; scope = scope.outer) if (scope.own.has(name)) return true;
  return false;
}

/** ONNX asks that a node comes after what it reads, and that every name has one source: cycles cannot pass. */
function checkOrder(graph: Subgraph, outer?: Names): void {
  const own = new Set(graph.constants.keys()).add('');
  for (const { name } of graph.inputs) own.add(name);
  const known: Names = { own, outer };
  for (const node of graph.nodes) {
    const missing = reads(node).find((name) => !knows(known, name));
    if (missing !== undefined) {
      throw new GraphError(
        `${describe(node)} reads "${missing}", which nothing before it provides. The file is damaged or its nodes are out of order: export it again.`,
      );
    }
    for (const value of Object.values(node.attributes)) if (value.kind === 'graph') checkOrder(value.value, known);
    for (const name of node.outputs) {
      if (name && knows(known, name))
        throw new GraphError(
          `${describe(node)} writes "${name}", which already exists. The file is damaged: export it again.`,
        );
      own.add(name);
    }
  }
  const missing = graph.outputs.find(({ name }) => !knows(known, name));
  if (missing)
    throw new GraphError(`The output "${missing.name}" is computed by no node. The file is damaged: export it again.`);
}

/** `*` means a product in this room. */
function sized(name: string): string {
  checkName(name);
  return name.replaceAll('*', '_');
}

function readValue(value: ValueInfoProto): Value {
  const kind = value.type?.value;
  if (kind?.case !== 'tensorType') return { name: value.name, type: 'opaque0', shape: undefined };
  const rank = kind.value.shape?.dim.length ?? 0;
  if (rank > mostAxes)
    throw new GraphError(
      `The model's "${value.name}" has ${rank} axes. The file is damaged: fetch or export it again.`,
    );
  return {
    name: value.name,
    type: typeName(kind.value.elemType),
    shape: kind.value.shape?.dim.map(({ value: dim }, axis) =>
      dim.case === 'dimValue' && dim.value > 0n
        ? Number(dim.value)
        : dim.case === 'dimParam' && dim.value
          ? sized(dim.value)
          : `${value.name}.${axis}`,
    ),
  };
}

function readAttribute(proto: AttributeProto, node: string, reading: Reading): Attribute {
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
      return { kind: 'tensor', value: readConstant(proto.t, `attribute ${proto.name} of node "${node}"`, reading) };
    case Kind.GRAPH:
      if (!proto.g)
        throw new GraphError(
          `Attribute ${proto.name} of node "${node}" has no graph. The file is damaged: export it again.`,
        );
      return { kind: 'graph', value: readGraph(proto.g, reading) };
    default:
      return { kind: 'other', value: proto };
  }
}
