import { readFileSync } from 'node:fs';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { ModelProtoSchema, StringStringEntryProtoSchema, TensorProto_DataLocation } from 'onnx-buf';
import { describe, expect, test } from 'vitest';
import { differentiate, GraphError, inspect, prepare, readModel, withCosine, writeModel } from '#shared/graph';
import { floats } from '../../shared/graph/tensor.ts';
import { modelOf, noise, open, relativeDifference } from './support.ts';

const squeezeNet = new Uint8Array(
  readFileSync(new URL('../../zoo/starter/models/squeezenet1_1.onnx', import.meta.url)),
);
const tiny = () =>
  modelOf({
    operator: 'Gemm',
    x: { shape: [2, 4], data: noise(8) },
    constants: [floats(noise(12), [4, 3]), floats([1, 2, 3])],
  });

describe('reading and writing', () => {
  test('a model survives a round trip', () => {
    const model = readModel(squeezeNet);
    expect(readModel(writeModel(model))).toEqual(model);
  });

  test('constants are read whether they are stored raw or as lists', () => {
    const proto = fromBinary(ModelProtoSchema, writeModel(tiny()));
    for (const tensor of proto.graph!.initializer) {
      tensor.floatData = [...new Float32Array(new Uint8Array(tensor.rawData).buffer)];
      tensor.rawData = new Uint8Array();
    }
    expect(readModel(toBinary(ModelProtoSchema, proto)).constants).toEqual(tiny().constants);
  });

  test('half precision is widened', async () => {
    const proto = fromBinary(ModelProtoSchema, writeModel(tiny()));
    const bias = proto.graph!.initializer.find(({ name }) => name === 'c1')!;
    bias.dataType = 10;
    bias.rawData = new Uint8Array(Uint16Array.of(0x3c00, 0xc100, 0x0001).buffer);
    expect(readModel(toBinary(ModelProtoSchema, proto)).constants.get('c1')).toEqual(floats([1, -2.5, 2 ** -24]));
  });

  test('weights in a second file are refused with the way out', () => {
    const proto = fromBinary(ModelProtoSchema, writeModel(tiny()));
    const tensor = proto.graph!.initializer[0];
    tensor.dataLocation = TensorProto_DataLocation.EXTERNAL;
    tensor.externalData = [create(StringStringEntryProtoSchema, { key: 'location', value: 'weights.bin' })];
    expect(() => readModel(toBinary(ModelProtoSchema, proto))).toThrow(
      /initializer "c0" lies outside the model, in weights.bin.*onnx.save/,
    );
  });

  test('nodes that read what nothing provides, such as each other, are refused', () => {
    const model = tiny();
    model.nodes[0].inputs[0] = 'y';
    expect(() => readModel(writeModel(model))).toThrow(/Gemm node "node" reads "y", which nothing before it provides/);
  });
});

describe('damaged files', () => {
  /** Whatever happens, it is a model or an error for people. */
  function survives(bytes: Uint8Array): void {
    try {
      inspect(readModel(bytes));
    } catch (error) {
      expect(error).toBeInstanceOf(GraphError);
      expect((error as Error).message.length).toBeGreaterThan(20);
    }
  }

  test('cut anywhere', () => {
    const bytes = writeModel(tiny());
    for (let length = 0; length < bytes.length; length++) survives(bytes.subarray(0, length));
    expect(() => readModel(squeezeNet.subarray(0, squeezeNet.length - 1000))).toThrow(GraphError);
    expect(() => readModel(new Uint8Array())).toThrow(GraphError);
  });

  test('with bytes changed', () => {
    const bytes = writeModel(
      differentiate(withCosine(prepare(readModel(smallClassifier()), preprocessing)), { of: 'loss', wrt: 'canvas' }),
    );
    const change = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(change, (changes) => {
        const damaged = bytes.slice();
        for (const [position, value] of changes) damaged[position] = value;
        survives(damaged);
      }),
      { numRuns: 300, seed: 4 },
    );
  });
});

const preprocessing = {
  inputSize: 4,
  canvas: 6,
  mean: [1, 2, 3],
  std: [1, 2, 3],
  channelOrder: 'BGR',
  layout: 'NCHW',
  range: 255,
} as const;

function smallClassifier(): Uint8Array {
  const model = modelOf({
    operator: 'Conv',
    x: { shape: [2, 3, 4, 4], data: noise(96) },
    constants: [floats(noise(5 * 48), [5, 3, 4, 4])],
  });
  return writeModel(model);
}

test('a model of operator set 11 computes the same after reading', async () => {
  const x = { shape: [2, 6, 4], data: noise(48) };
  const old = modelOf({ operator: 'Squeeze', x, attributes: {}, opset: 11 });
  old.inputs[0].shape = [2, 6, 4];
  old.nodes = [
    {
      operator: 'Unsqueeze',
      domain: '',
      name: '',
      inputs: ['x'],
      outputs: ['a'],
      attributes: { axes: { kind: 'ints', value: [1] } },
    },
    {
      operator: 'ReduceSum',
      domain: '',
      name: '',
      inputs: ['a'],
      outputs: ['b'],
      attributes: { axes: { kind: 'ints', value: [3] }, keepdims: { kind: 'int', value: 0 } },
    },
    {
      operator: 'Squeeze',
      domain: '',
      name: '',
      inputs: ['b'],
      outputs: ['c'],
      attributes: { axes: { kind: 'ints', value: [1] } },
    },
    {
      operator: 'Split',
      domain: '',
      name: '',
      inputs: ['c'],
      outputs: ['d', 'e'],
      attributes: { axis: { kind: 'int', value: 1 }, split: { kind: 'ints', value: [2, 4] } },
    },
    { operator: 'Softmax', domain: '', name: '', inputs: ['e'], outputs: ['y'], attributes: {} },
  ];
  const before = await (await open(old))({ x });
  const upgraded = readModel(writeModel(old));
  expect(upgraded.opset).toBe(17);
  expect(relativeDifference((await (await open(upgraded))({ x })).y, before.y)).toBeLessThan(1e-6);
});
