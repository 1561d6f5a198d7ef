// A few lines to write ONNX files of any content, sound or not: the writer of shared/graph only takes sound models.
import { create, toBinary } from '@bufbuild/protobuf';
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  type FunctionProto,
  FunctionProtoSchema,
  type GraphProto,
  GraphProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  StringStringEntryProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from 'onnx-buf';

export type Value = number | string | number[] | TensorProto | GraphProto;

/** Whole numbers become ints, others floats; lists are lists of integers. */
export function attribute(name: string, value: Value): AttributeProto {
  const whole = (number: number) => BigInt(Math.trunc(number || 0));
  if (typeof value === 'string')
    return create(AttributeProtoSchema, { name, type: AttributeType.STRING, s: new TextEncoder().encode(value) });
  if (typeof value === 'number')
    return Number.isInteger(value)
      ? create(AttributeProtoSchema, { name, type: AttributeType.INT, i: whole(value) })
      : create(AttributeProtoSchema, { name, type: AttributeType.FLOAT, f: value });
  if (Array.isArray(value))
    return create(AttributeProtoSchema, { name, type: AttributeType.INTS, ints: value.map(whole) });
  return value.$typeName === 'onnx.TensorProto'
    ? create(AttributeProtoSchema, { name, type: AttributeType.TENSOR, t: value })
    : create(AttributeProtoSchema, { name, type: AttributeType.GRAPH, g: value });
}

export const node = (
  opType: string,
  input: string[],
  output: string[],
  attributes: Record<string, Value> = {},
  domain = '',
): NodeProto =>
  create(NodeProtoSchema, {
    opType,
    domain,
    input,
    output,
    attribute: Object.entries(attributes).map(([name, value]) => attribute(name, value)),
  });

export const floats = (name: string, dims: number[], values: ArrayLike<number> = []): TensorProto =>
  create(TensorProtoSchema, {
    name,
    dims: dims.map(BigInt),
    dataType: 1,
    rawData: new Uint8Array(Float32Array.from(values).buffer),
  });

/** A list of int64. */
export const ints = (name: string, values: readonly (number | bigint)[]): TensorProto =>
  create(TensorProtoSchema, {
    name,
    dims: [BigInt(values.length)],
    dataType: 7,
    rawData: new Uint8Array(BigInt64Array.from(values, BigInt).buffer),
  });

export function value(name: string, dims?: (number | bigint | string)[], elemType = 1): ValueInfoProto {
  const dim = dims?.map((size) =>
    create(TensorShapeProto_DimensionSchema, {
      value: typeof size === 'string' ? { case: 'dimParam', value: size } : { case: 'dimValue', value: BigInt(size) },
    }),
  );
  const tensor = create(TypeProto_TensorSchema, { elemType, shape: dim && create(TensorShapeProtoSchema, { dim }) });
  return create(ValueInfoProtoSchema, {
    name,
    type: create(TypeProtoSchema, { value: { case: 'tensorType', value: tensor } }),
  });
}

export const graph = (nodes: NodeProto[], outputs: string[], constants: TensorProto[] = []): GraphProto =>
  create(GraphProtoSchema, {
    name: 'g',
    node: nodes,
    initializer: constants,
    output: outputs.map((name) => value(name)),
  });

export const procedure = (name: string, input: string[], output: string[], nodes: NodeProto[]): FunctionProto =>
  create(FunctionProtoSchema, { name, domain: 'f', input, output, node: nodes });

export interface Parts {
  nodes?: NodeProto[];
  constants?: TensorProto[];
  functions?: FunctionProto[];
  input?: ValueInfoProto;
  outputs?: ValueInfoProto[];
  metadata?: Record<string, string>;
  producer?: string;
  opset?: number;
  /** Of "c", [N, …], each image has the largest element of its own: only so can anything be crafted on it. */
  isApart?: boolean;
}

/** Side of the images that the files take, and their classes. */
export const side = 8;
export const classes = 10;

/** Weights of a sound classifier: [10,3,8,8]. */
const weights = floats(
  'w',
  [classes, 3, side, side],
  Array.from({ length: classes * 3 * side * side }, (_, i) => ((i * 37) % 101) / 101 - 0.5),
);

/**
 * A classifier of images of 8 x 8 pixels, to whose scores the largest element of "c" is added: what the given nodes
 * compute under that name.
 */
export function classifier({ nodes = [], constants = [], functions = [], ...parts }: Parts): Uint8Array {
  const { input = value('x', [1, 3, side, side]), outputs = [value('y')], opset = 17 } = parts;
  const { metadata = {}, producer = 'hostile', isApart = false } = parts;
  const largest = isApart
    ? [node('Flatten', ['c'], ['cf']), node('ReduceMax', ['cf'], ['cm'], { axes: [1], keepdims: 1 })]
    : [node('ReduceMax', ['c'], ['cm'], { keepdims: 0 })];
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: 8n,
      producerName: producer,
      opsetImport: [
        create(OperatorSetIdProtoSchema, { domain: '', version: BigInt(opset) }),
        create(OperatorSetIdProtoSchema, { domain: 'f', version: 1n }),
      ],
      functions,
      metadataProps: Object.entries(metadata).map(([key, text]) =>
        create(StringStringEntryProtoSchema, { key, value: text }),
      ),
      graph: create(GraphProtoSchema, {
        name: 'hostile',
        input: [input],
        output: outputs,
        initializer: [weights, ...constants],
        node: [
          ...nodes,
          node('Conv', ['x', 'w'], ['k']),
          node('Flatten', ['k'], ['kf']),
          ...largest,
          node('Add', ['kf', 'cm'], ['y']),
        ],
      }),
    }),
  );
}

export interface Draw {
  below(limit: number): number;
  of<T>(list: readonly T[]): T;
}

export interface Making {
  draw: Draw;
  /** A number of elements, inputs or pixels: any power of two up to 2^18, more or less. */
  size: number;
  /** A number of nodes: up to 2^14. */
  length: number;
}

export type Kind = (making: Making) => Uint8Array;
