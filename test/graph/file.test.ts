import { readFileSync } from 'node:fs';
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import {
  AttributeProtoSchema,
  FunctionProtoSchema,
  AttributeProto_AttributeType as Kind,
  ModelProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  StringStringEntryProtoSchema,
  TensorProto_DataLocation,
} from 'onnx-buf';
import { describe, expect, test } from 'vitest';
import {
  type Attribute,
  differentiate,
  foldConstants,
  GraphError,
  inspect,
  prepare,
  readModel,
  withCosine,
  withCotangent,
  writeModel,
} from '#shared/graph';
import { float, int, text } from '../../shared/graph/model.ts';
import { floats, int64s } from '../../shared/graph/tensor.ts';
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

  describe('weights in a second file', () => {
    const outside = (entries: Record<string, string>) => {
      const proto = fromBinary(ModelProtoSchema, writeModel(tiny()));
      const tensor = proto.graph!.initializer.find(({ name }) => name === 'c0')!;
      tensor.dataLocation = TensorProto_DataLocation.EXTERNAL;
      tensor.externalData = Object.entries(entries).map(([key, value]) =>
        create(StringStringEntryProtoSchema, { key, value }),
      );
      tensor.rawData = new Uint8Array();
      return toBinary(ModelProtoSchema, proto);
    };
    const weights = new Uint8Array(100);
    weights.set(new Uint8Array(noise(12).buffer), 10);

    test('are read from it, where it is given', () => {
      const asked: string[] = [];
      const external = (location: string) => {
        asked.push(location);
        return weights;
      };
      const model = readModel(outside({ location: 'weights.bin', offset: '10', length: '48' }), { external });
      expect(model.constants).toEqual(tiny().constants);
      expect(asked).toEqual(['weights.bin']);
    });

    test('that is not given, or too short, are an error with the way out', () => {
      expect(() => readModel(outside({ location: 'weights.bin' }))).toThrow(
        /initializer "c0" lies outside the model, in "weights.bin".*onnx.save/,
      );
      const far = outside({ location: 'weights.bin', offset: '90', length: '48' });
      expect(() => readModel(far, { external: () => weights })).toThrow(
        /bytes 90 to 138 of "weights.bin", which has 100/,
      );
    });
  });

  test('functions that the file defines are written out, with the attributes of each call', async () => {
    const proto = fromBinary(ModelProtoSchema, writeModel(tiny()));
    const node = (
      opType: string,
      input: string[],
      output: string[],
      fields: MessageInitShape<typeof NodeProtoSchema> = {},
    ) => create(NodeProtoSchema, { ...fields, opType, input, output });
    const slope = create(AttributeProtoSchema, { name: 'alpha', refAttrName: 'slope', type: Kind.FLOAT });
    proto.opsetImport.push(create(OperatorSetIdProtoSchema, { domain: 'own', version: 1n }));
    proto.functions = [
      create(FunctionProtoSchema, {
        domain: 'own',
        name: 'Bend',
        input: ['a'],
        output: ['b'],
        attribute: ['slope'],
        node: [node('LeakyRelu', ['a'], ['t'], { attribute: [slope] }), node('Neg', ['t'], ['b'])],
      }),
    ];
    const call = (input: string, output: string, f: number) =>
      node('Bend', [input], [output], {
        domain: 'own',
        attribute: [create(AttributeProtoSchema, { name: 'slope', type: Kind.FLOAT, f })],
      });
    proto.graph!.node = [proto.graph!.node[0], call('y', 'once', 0.5), call('once', 'twice', 0.25)];
    proto.graph!.output[0].name = 'twice';
    const model = readModel(toBinary(ModelProtoSchema, proto));
    expect(model.nodes.map(({ operator }) => operator)).toEqual(['Gemm', 'LeakyRelu', 'Neg', 'LeakyRelu', 'Neg']);
    const x = { data: noise(8), shape: [2, 4] };
    const { y } = await (await open(tiny()))({ x });
    const { twice } = await (await open(model))({ x });
    const bend = (value: number, alpha: number) => -(value < 0 ? alpha * value : value);
    expect(
      relativeDifference(
        twice,
        y.map((value) => bend(bend(value, 0.5), 0.25)),
      ),
    ).toBeLessThan(1e-6);

    proto.functions[0].node = [call('a', 'b', 1)];
    expect(() => readModel(toBinary(ModelProtoSchema, proto))).toThrow(/function Bend of the model calls itself/);
  });

  test('an If whose condition the shapes decide is replaced by the branch taken', async () => {
    const branch = (operator: string): Attribute => ({
      kind: 'graph',
      value: {
        name: operator,
        inputs: [],
        outputs: [{ name: 'out', type: 'float32', shape: undefined }],
        constants: new Map([['factor', floats([3], [])]]),
        nodes: [{ operator, domain: '', name: 'inner', inputs: ['y', 'factor'], outputs: ['out'], attributes: {} }],
      },
    });
    const model = tiny();
    const step = (operator: string, inputs: string[], output: string, attributes = {}) =>
      model.nodes.push({ operator, domain: '', name: output, inputs, outputs: [output], attributes });
    model.constants.set('three', int64s([3], []));
    model.constants.set('axis', int64s([1], []));
    step('Shape', ['y'], 'shape');
    step('Gather', ['shape', 'axis'], 'columns');
    step('Equal', ['columns', 'three'], 'condition');
    step('If', ['condition'], 'result', { then_branch: branch('Mul'), else_branch: branch('Add') });
    model.outputs = [{ name: 'result', type: 'float32', shape: ['N', 3] }];
    const read = readModel(writeModel(model));
    expect(foldConstants(read).nodes.map(({ operator }) => operator)).toEqual(['Gemm', 'Mul', 'Identity']);

    const x = { data: noise(8), shape: [2, 4] };
    const run = await open(differentiate(withCotangent(read), { of: 'loss', wrt: 'x' }));
    const { result } = await (await open(read))({ x });
    const found = await run({ x, cotangent: { data: noise(6), shape: [2, 3] } });
    expect(relativeDifference(found.result, result)).toBeLessThan(1e-6);
    expect(found.gradient.some((value) => value !== 0)).toBe(true);
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

test.each([
  [9, 'Upsample', { mode: text('nearest') }, [floats([1, 1, 2, 3])]],
  [9, 'Upsample', { mode: text('linear') }, [floats([1, 1, 2, 2])]],
  [10, 'Resize', { mode: text('nearest') }, [floats([1, 1, 3, 2])]],
  [10, 'Clip', { min: float(-0.2), max: float(0.6) }, []],
  [10, 'Clip', { max: float(0.1) }, []],
])('of operator set %i, %s %j is what the runtime makes of it', async (opset, operator, attributes, constants) => {
  const x = { shape: [1, 2, 3, 4], data: noise(24) };
  const old = modelOf({ operator, x, constants, attributes: attributes as Record<string, Attribute>, opset });
  old.inputs[0].shape = x.shape;
  const { y } = await (await open(old))({ x });
  const upgraded = readModel(writeModel(old));
  expect(upgraded.opset).toBe(17);
  expect(relativeDifference((await (await open(upgraded))({ x })).y, y)).toBeLessThan(1e-6);
});

test.each([
  ['over an axis that only axes of one follow', [2, 5, 1, 1], 1],
  ['over several axes at once', [2, 3, 4], 1],
  ['over several axes at once, since it names none', [2, 3, 4], undefined],
  ['over everything', [2, 3], 0],
])('Softmax of operator set 11 %s is what the runtime makes of it', async (_, shape, axis) => {
  const x = { shape, data: noise(shape.reduce((size, dim) => size * dim)) };
  const attributes: Record<string, Attribute> = axis === undefined ? {} : { axis: int(axis) };
  const old = modelOf({ operator: 'Softmax', x, attributes, opset: 11 });
  old.inputs[0].shape = shape;
  const { y } = await (await open(old))({ x });
  expect(relativeDifference((await (await open(readModel(writeModel(old))))({ x })).y, y)).toBeLessThan(1e-6);
});

test.each([9, 13])(
  'a BatchNormalization of operator set %i that gives statistics too is in training mode',
  async (opset) => {
    const x = { shape: [2, 3, 4, 4], data: noise(96) };
    const constants = [floats([1, 2, 3]), floats([0.5, 1, 2]), floats([0.1, 0.3, 0.2]), floats([4, 0.7, 6])];
    const old = modelOf({ operator: 'BatchNormalization', x, constants, unread: 4, opset });
    const { y } = await (await open(old))({ x });
    const read = readModel(writeModel(old));
    expect(relativeDifference((await (await open(read))({ x })).y, y)).toBeLessThan(1e-6);
    const plain = { ...old, nodes: old.nodes.map((node) => ({ ...node, outputs: ['y'] })) };
    expect(relativeDifference((await (await open(readModel(writeModel(plain))))({ x })).y, y)).toBeGreaterThan(0.1);
  },
);

test('a TopK of operator set 9 has its number among the attributes', async () => {
  const x = { shape: [2, 5], data: noise(10) };
  const old = modelOf({ operator: 'TopK', x, attributes: { k: int(3) }, unread: 1, opset: 9 });
  const { y } = await (await open(old))({ x });
  expect(relativeDifference((await (await open(readModel(writeModel(old))))({ x })).y, y)).toBe(0);
});
