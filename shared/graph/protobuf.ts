// ONNX files to and from the model of this room. onnx-buf does the protobuf; this file checks and translates what it reads.
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  type AttributeProto,
  AttributeProtoSchema,
  type GraphProto,
  GraphProtoSchema,
  AttributeProto_AttributeType as Kind,
  type ModelProto,
  ModelProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  StringStringEntryProtoSchema,
  type TensorProto,
  TensorProto_DataLocation,
  TensorProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from 'onnx-buf';
import { GraphError } from './errors.ts';
import { type Attribute, describe, type Model, type Node, reads, type Value } from './model.ts';
import {
  allocate,
  type ElementType,
  fromBytes,
  isNumeric,
  sizeOf,
  type Tensor,
  type TensorData,
  toInt64,
} from './tensor.ts';
import { upgrade } from './upgrade.ts';

// Numbers of TensorProto.DataType. float16 (10) and bfloat16 (16) are widened while reading, so they have no name here.
const typeNumbers: Partial<Record<ElementType, number>> = {
  float32: 1, uint8: 2, int8: 3, uint16: 4, int16: 5, int32: 6, int64: 7, string: 8, bool: 9, float64: 11, uint32: 12, uint64: 13,
}; // biome-ignore format: one table, one line
const typeNames = new Map<number, ElementType>([
  [10, 'float32'],
  [16, 'float32'],
]);
for (const [name, number] of Object.entries(typeNumbers)) typeNames.set(Number(number), name as ElementType);

const typeName = (number: number): ElementType => typeNames.get(number) ?? `opaque${number}`;
const typeNumber = (type: ElementType): number => typeNumbers[type] ?? Number(type.slice('opaque'.length));

const utf8 = {
  encode: (value: string) => new TextEncoder().encode(value),
  decode: (value: Uint8Array) => new TextDecoder().decode(value),
};

/**
 * Reads an ONNX file. float16 and bfloat16 become float32 throughout, and operator sets 7 to 16 become set 17.
 *
 * @throws GraphError when the bytes are no ONNX model, contradict themselves, or keep their weights in a second file.
 */
export function readModel(bytes: Uint8Array): Model {
  let proto: ModelProto;
  try {
    proto = fromBinary(ModelProtoSchema, bytes);
  } catch (error) {
    throw new GraphError(
      `These ${bytes.length} bytes are not an ONNX model: ${error instanceof Error ? error.message : String(error)}. The file may be truncated: fetch or export it again.`,
    );
  }
  if (!proto.graph || (proto.graph.node.length === 0 && proto.graph.output.length === 0)) {
    throw new GraphError(`These ${bytes.length} bytes hold no ONNX graph. Is this the right file?`);
  }
  if (proto.functions.length > 0) {
    throw new GraphError(
      `The model defines functions of its own (${proto.functions[0].name}, …), which are not read. Inline them first, for example with onnx.inliner.inline_local_functions.`,
    );
  }
  const graph = proto.graph;
  const opset = proto.opsetImport.find(({ domain }) => domain === '' || domain === 'ai.onnx');
  const constants = new Map<string, Tensor>();
  for (const tensor of graph.initializer)
    constants.set(tensor.name, readTensor(tensor, `initializer "${tensor.name}"`));
  if (graph.sparseInitializer.length > 0)
    throw new GraphError('The model has sparse initializers, which are not read. Export it with dense weights.');
  const model: Model = {
    irVersion: Number(proto.irVersion),
    opset: Number(opset?.version ?? 1n),
    domains: Object.fromEntries(
      proto.opsetImport.filter((entry) => entry !== opset).map(({ domain, version }) => [domain, Number(version)]),
    ),
    producer: proto.producerName,
    name: graph.name,
    // Before IR version 4 every initializer is listed among the inputs as well.
    inputs: graph.input.filter(({ name }) => !constants.has(name)).map(readValue),
    outputs: graph.output.map(readValue),
    constants,
    nodes: graph.node.map((node) => ({
      operator: node.opType,
      domain: node.domain === 'ai.onnx' ? '' : node.domain,
      name: node.name,
      inputs: node.input,
      outputs: node.output,
      attributes: Object.fromEntries(node.attribute.map((entry) => [entry.name, readAttribute(entry, node.name)])),
    })),
    metadata: Object.fromEntries(proto.metadataProps.map(({ key, value }) => [key, value])),
  };
  for (const node of model.nodes) {
    const to = node.attributes.to;
    // Half precision is widened everywhere, so a cast to it is a cast to float32.
    if (node.operator === 'Cast' && to?.kind === 'int' && (to.value === 10 || to.value === 16)) to.value = 1;
  }
  checkOrder(model, graph);
  return upgrade(model);
}

/** ONNX asks that a node comes after what it reads, and that every name has one source: cycles cannot pass. */
function checkOrder(model: Model, graph: GraphProto): void {
  const known = new Set(['', ...model.inputs.map(({ name }) => name), ...graph.initializer.map(({ name }) => name)]);
  for (const node of model.nodes) {
    const hasSubgraph = Object.values(node.attributes).some(({ kind }) => kind === 'other');
    const missing = hasSubgraph ? undefined : reads(node).find((name) => !known.has(name));
    if (missing !== undefined) {
      throw new GraphError(
        `${describe(node)} reads "${missing}", which nothing before it provides. The file is damaged or its nodes are out of order: export it again.`,
      );
    }
    for (const name of node.outputs) {
      if (name && known.has(name))
        throw new GraphError(
          `${describe(node)} writes "${name}", which already exists. The file is damaged: export it again.`,
        );
      known.add(name);
    }
  }
  const missing = model.outputs.find(({ name }) => !known.has(name));
  if (missing)
    throw new GraphError(
      `The model's output "${missing.name}" is computed by no node. The file is damaged: export it again.`,
    );
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

function readTensor(proto: TensorProto, where: string): Tensor {
  if (proto.dataLocation === TensorProto_DataLocation.EXTERNAL || proto.externalData.length > 0) {
    const file = proto.externalData.find(({ key }) => key === 'location')?.value ?? 'another file';
    throw new GraphError(
      `The ${where} lies outside the model, in ${file}. Save the model as one file, for example onnx.save(model, path, save_as_external_data=False).`,
    );
  }
  const shape = proto.dims.map(Number);
  const length = sizeOf(shape);
  if (shape.some((dim) => dim < 0 || !Number.isSafeInteger(dim)) || !Number.isSafeInteger(length)) {
    throw new GraphError(
      `The ${where} claims the impossible shape [${shape}]. The file is damaged: fetch or export it again.`,
    );
  }
  const type = typeName(proto.dataType);
  const data = isNumeric(type) ? readData(proto, type) : proto.rawData;
  if (isNumeric(type) && data.length !== length) {
    throw new GraphError(
      `The ${where} has ${data.length} elements where its shape [${shape}] needs ${length}. The file is damaged: fetch or export it again.`,
    );
  }
  return { type, shape, data };
}

function readData(proto: TensorProto, type: ElementType & keyof typeof typeNumbers): TensorData {
  const half = proto.dataType === 10 || proto.dataType === 16;
  const widen = proto.dataType === 10 ? fromHalf : fromBrainFloat;
  const raw = proto.rawData;
  if (half) {
    const bits =
      raw.length > 0 ? new Uint16Array(new Uint8Array(raw.subarray(0, raw.length & ~1)).buffer) : proto.int32Data;
    return Float32Array.from(bits, widen);
  }
  const width = allocate(type, 0).BYTES_PER_ELEMENT;
  if (raw.length > 0)
    return isNumeric(type) ? fromBytes(type, raw.subarray(0, raw.length - (raw.length % width))) : raw;
  if (type === 'int64') return BigInt64Array.from(proto.int64Data);
  if (type === 'uint64') return BigUint64Array.from(proto.uint64Data);
  const values =
    type === 'float32'
      ? proto.floatData
      : type === 'float64'
        ? proto.doubleData
        : type === 'uint32'
          ? proto.uint64Data.map(Number)
          : proto.int32Data;
  const data = allocate(type, values.length);
  values.forEach((value, i) => {
    data[i] = value;
  });
  return data;
}

function fromHalf(bits: number): number {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  const magnitude =
    exponent === 0
      ? fraction * 2 ** -24
      : exponent === 31
        ? fraction
          ? Number.NaN
          : Number.POSITIVE_INFINITY
        : (1 + fraction / 1024) * 2 ** (exponent - 15);
  return bits & 0x8000 ? -magnitude : magnitude;
}

function fromBrainFloat(bits: number): number {
  return new Float32Array(new Uint32Array([(bits & 0xffff) << 16]).buffer)[0];
}

function readAttribute(proto: AttributeProto, node: string): Attribute {
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
      return { kind: 'tensor', value: readTensor(proto.t, `attribute ${proto.name} of node "${node}"`) };
    default:
      return { kind: 'other', value: proto, graphs: proto.g ? [proto.g, ...proto.graphs] : proto.graphs };
  }
}

/** Writes a model as one ONNX file. */
export function writeModel(model: Model): Uint8Array {
  const domains = Object.entries(model.domains).map(([domain, version]) =>
    create(OperatorSetIdProtoSchema, { domain, version: BigInt(version) }),
  );
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: BigInt(model.irVersion),
      opsetImport: [create(OperatorSetIdProtoSchema, { domain: '', version: BigInt(model.opset) }), ...domains],
      producerName: model.producer,
      graph: create(GraphProtoSchema, {
        name: model.name || 'graph',
        node: model.nodes.map(writeNode),
        initializer: Array.from(model.constants, ([name, tensor]) => writeTensor(name, tensor)),
        input: model.inputs.map(writeValue),
        output: model.outputs.map(writeValue),
      }),
      metadataProps: Object.entries(model.metadata).map(([key, value]) =>
        create(StringStringEntryProtoSchema, { key, value }),
      ),
    }),
  );
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
    case 'other':
      return value;
  }
}

function writeTensor(name: string, { type, shape, data }: Tensor): TensorProto {
  const rawData = new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
  return create(TensorProtoSchema, { name, dims: shape.map(BigInt), dataType: typeNumber(type), rawData });
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
