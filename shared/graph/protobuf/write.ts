// The model of this room to ONNX files.
import { create, toBinary } from '@bufbuild/protobuf';
import {
  type AttributeProto,
  AttributeProtoSchema,
  type GraphProto,
  GraphProtoSchema,
  AttributeProto_AttributeType as Kind,
  ModelProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  StringStringEntryProtoSchema,
  TensorProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from 'onnx-buf';
import { GraphError } from '../errors.ts';
import type { Attribute, Model, Node, Subgraph, Value } from '../model.ts';
import { type Tensor, toInt64 } from '../tensor.ts';
import { typeNumber, utf8 } from './element-types.ts';
import { bytesOf, tensorHeader, writeTensor } from './tensors.ts';

// Tags of length-delimited fields: number << 3 | 2, with the numbers of onnx.proto.
const GRAPH_OF_MODEL = 0x3a;
const INITIALIZER_OF_GRAPH = 0x2a;
const RAW_DATA_OF_TENSOR = 0x4a;
/** Protobuf's own limit for a message. */
const largestFile = 2 ** 31 - 1;

/**
 * Writes a model as one ONNX file.
 *
 * The weights are written straight into the result, as a second piece of the graph: protobuf joins pieces of one
 * message when it reads them. So a model of 500 MB needs 500 MB to be written, and not a copy for every message that a
 * tensor is nested in.
 *
 * @throws GraphError beyond 2 GiB
 */
export function writeModel(model: Model): Uint8Array<ArrayBuffer> {
  const { constants, ...rest } = model;
  const head = toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: BigInt(model.irVersion),
      opsetImport: [
        create(OperatorSetIdProtoSchema, { domain: '', version: BigInt(model.opset) }),
        ...Object.entries(model.domains).map(([domain, version]) =>
          create(OperatorSetIdProtoSchema, { domain, version: BigInt(version) }),
        ),
      ],
      producerName: model.producer,
      graph: writeGraph({ ...rest, constants: new Map() }),
      metadataProps: Object.entries(model.metadata).map(([key, value]) =>
        create(StringStringEntryProtoSchema, { key, value }),
      ),
    }),
  );
  const parts = [head, ...weights(constants)];
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  if (length > largestFile)
    throw new GraphError(
      `The model would have ${length} bytes, and an ONNX file holds at most ${largestFile}. Use a smaller model, or one with int8 weights.`,
    );
  const file = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    file.set(part, offset);
    offset += part.length;
  }
  return file;
}

/** The pieces of a graph that holds nothing but its initializers, in order. */
function weights(constants: ReadonlyMap<string, Tensor>): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let total = 0;
  for (const [name, tensor] of constants) {
    const header = toBinary(TensorProtoSchema, tensorHeader(name, tensor));
    const data = bytesOf(tensor);
    const raw = lengthDelimited(RAW_DATA_OF_TENSOR, data.length);
    const start = lengthDelimited(INITIALIZER_OF_GRAPH, header.length + raw.length + data.length);
    pieces.push(start, header, raw, data);
    total += start.length + header.length + raw.length + data.length;
  }
  return pieces.length === 0 ? [] : [lengthDelimited(GRAPH_OF_MODEL, total), ...pieces];
}

/** Tag and length of a field, the length in base 128, least significant group first. */
function lengthDelimited(tag: number, length: number): Uint8Array {
  const bytes = [tag];
  let rest = length;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  bytes.push(rest);
  return Uint8Array.from(bytes);
}

function writeGraph(graph: Subgraph): GraphProto {
  return create(GraphProtoSchema, {
    name: graph.name || 'graph',
    node: graph.nodes.map(writeNode),
    initializer: Array.from(graph.constants, ([name, tensor]) => writeTensor(name, tensor)),
    input: graph.inputs.map(writeValue),
    output: graph.outputs.map(writeValue),
  });
}

function writeNode(node: Node) {
  return create(NodeProtoSchema, {
    opType: node.operator,
    domain: node.domain,
    name: node.name,
    input: node.inputs,
    output: node.outputs,
    attribute: Object.entries(node.attributes).map(([name, value]) => writeAttribute(name, value)),
  });
}

function writeAttribute(name: string, { kind, value }: Attribute): AttributeProto {
  switch (kind) {
    case 'int':
      return create(AttributeProtoSchema, { name, type: Kind.INT, i: toInt64(value) });
    case 'float':
      return create(AttributeProtoSchema, { name, type: Kind.FLOAT, f: value });
    case 'string':
      return create(AttributeProtoSchema, { name, type: Kind.STRING, s: utf8.encode(value) });
    case 'ints':
      return create(AttributeProtoSchema, { name, type: Kind.INTS, ints: value.map(toInt64) });
    case 'floats':
      return create(AttributeProtoSchema, { name, type: Kind.FLOATS, floats: value });
    case 'strings':
      return create(AttributeProtoSchema, { name, type: Kind.STRINGS, strings: value.map(utf8.encode) });
    case 'tensor':
      return create(AttributeProtoSchema, { name, type: Kind.TENSOR, t: writeTensor('', value) });
    case 'graph':
      return create(AttributeProtoSchema, { name, type: Kind.GRAPH, g: writeGraph(value) });
    case 'other':
      return value;
  }
}

function writeValue({ name, type, shape }: Value): ValueInfoProto {
  const dim = shape?.map((value) =>
    create(TensorShapeProto_DimensionSchema, {
      value: typeof value === 'number' ? { case: 'dimValue', value: BigInt(value) } : { case: 'dimParam', value },
    }),
  );
  const tensor = create(TypeProto_TensorSchema, {
    elemType: typeNumber(type),
    shape: dim && create(TensorShapeProtoSchema, { dim }),
  });
  return create(ValueInfoProtoSchema, {
    name,
    type: create(TypeProtoSchema, { value: { case: 'tensorType', value: tensor } }),
  });
}
