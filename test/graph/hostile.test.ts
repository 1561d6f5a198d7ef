import { readdirSync, readFileSync } from 'node:fs';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { type ModelProto, ModelProtoSchema } from 'onnx-buf';
import { describe, expect, test } from 'vitest';
import {
  differentiate,
  freeBatch,
  GraphError,
  inspect,
  prepare,
  readModel,
  withCotangent,
  withCrossEntropy,
  writeModel,
} from '#shared/graph';
import { classifier, floats, ints, node } from '../support/hostile-models/file.ts';
import { hostileModel, kinds, side } from '../support/hostile-models/index.ts';

const folder = 'test/fixtures/exported/';
const files = readdirSync(folder).filter((name) => name.endsWith('.onnx'));

/** Damages of each kind to each file. ATLAS_FUZZ=300 tries many more. */
const seeds = Number(process.env.ATLAS_FUZZ ?? 12);

/** Repeatable choices: xorshift, G. Marsaglia, 2003. */
class Dice {
  #state: number;
  constructor(seed: number) {
    this.#state = (seed * 2654435761) >>> 0 || 1;
  }
  below(limit: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % limit;
  }
  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)];
  }
}

const extremes = [0n, 1n, -1n, 2n, 7n, -7n, 65536n, 2n ** 31n - 1n, 2n ** 31n, 2n ** 53n, 2n ** 63n - 1n, -(2n ** 63n)];

/** What somebody who means harm, or a faulty exporter, would change. */
const changes: Record<string, (proto: ModelProto, dice: Dice) => void> = {
  'an attribute': ({ graph }, dice) => {
    const node = dice.of(graph!.node.filter(({ attribute }) => attribute.length > 0));
    const attribute = dice.of(node.attribute);
    attribute.i = dice.of(extremes);
    attribute.f = dice.of([0, -1, 1e30, Number.NaN, Number.POSITIVE_INFINITY]);
    attribute.ints = attribute.ints.map((value) => (dice.below(2) ? value : dice.of(extremes)));
    if (dice.below(4) === 0) attribute.ints.pop();
  },
  'the kind of an attribute': ({ graph }, dice) => {
    dice.of(dice.of(graph!.node.filter(({ attribute }) => attribute.length > 0)).attribute).type = dice.below(14);
  },
  'numbers that shapes are made of': ({ graph }, dice) => {
    const whole = graph!.initializer.filter(({ dataType, rawData }) => dataType === 7 && rawData.length >= 8);
    if (whole.length === 0) return;
    const tensor = dice.of(whole);
    tensor.rawData = new Uint8Array(tensor.rawData);
    new DataView(tensor.rawData.buffer).setBigInt64(8 * dice.below(tensor.rawData.length / 8), dice.of(extremes), true);
  },
  'the shape of a weight': ({ graph }, dice) => {
    const tensor = dice.of(graph!.initializer.filter(({ dims }) => dims.length > 0));
    tensor.dims = tensor.dims.with(dice.below(tensor.dims.length), dice.of(extremes));
  },
  'the order of the axes of a weight': ({ graph }, dice) => {
    dice.of(graph!.initializer).dims.reverse();
  },
  'a weight that is missing': ({ graph }, dice) => {
    graph!.initializer.splice(dice.below(graph!.initializer.length), 1);
  },
  'an input of a node': ({ graph }, dice) => {
    const node = dice.of(graph!.node);
    const names = [...graph!.node.flatMap(({ output }) => output), ...graph!.initializer.map(({ name }) => name), ''];
    if (node.input.length > 0) node.input = node.input.with(dice.below(node.input.length), dice.of(names));
  },
  'two nodes that read each other': ({ graph }, dice) => {
    const i = dice.below(graph!.node.length - 1);
    graph!.node[i].input[0] = graph!.node[i + 1].output[0];
  },
  'an operator': ({ graph }, dice) => {
    dice.of(graph!.node).opType = dice.of(graph!.node).opType;
  },
  'inputs that are left out': ({ graph }, dice) => {
    dice.of(graph!.node).input.length = dice.below(2);
  },
  'outputs that are left out': ({ graph }, dice) => {
    dice.of(graph!.node).output.length = 0;
  },
  'the operator set': (proto, dice) => {
    proto.opsetImport[0].version = dice.of([0n, 1n, 6n, 7n, 9n, 11n, 13n, 18n, 99n, -1n]);
  },
  "the model's input": ({ graph }, dice) => {
    const kind = graph!.input[0].type?.value;
    if (kind?.case !== 'tensorType' || !kind.value.shape) return;
    const dim = dice.of(kind.value.shape.dim);
    dim.value = dice.below(3) ? { case: 'dimValue', value: dice.of(extremes) } : { case: 'dimParam', value: 'N*N' };
    if (dice.below(6) === 0) kind.value.elemType = dice.below(20);
  },
};

/**
 * Reads, looks at, frees, differentiates and writes it. Anything but a GraphError with words in it, in time, is a
 * fault.
 */
function survives(bytes: Uint8Array, what: string): void {
  const started = performance.now();
  let reached = 'reading';
  try {
    const model = readModel(bytes, { external: () => new Uint8Array(readFileSync(`${folder}external.data`)) });
    reached = 'inspecting';
    inspect(model);
    reached = 'freeing';
    const free = freeBatch(model);
    reached = 'differentiating';
    const gradient = differentiate(withCotangent(free), { of: 'loss', wrt: free.inputs[0]?.name ?? '' });
    reached = 'writing';
    writeModel(gradient);
  } catch (error) {
    if (!(error instanceof GraphError)) throw new Error(`${what}, ${reached}: ${(error as Error).stack}`);
    expect(error.message.length).toBeGreaterThan(20);
  }
  expect(performance.now() - started, `milliseconds of ${what}`).toBeLessThan(10_000);
}

/** Everything that a command does with it: each stage by itself, so that none hides behind another. */
function survivesEverything(bytes: Uint8Array, what: string): void {
  const started = performance.now();
  const attempt = <Result>(stage: string, work: () => Result): Result | undefined => {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof GraphError)) throw new Error(`${what}, ${stage}: ${(error as Error).stack}`);
      expect(error.message, `${what}, ${stage}`).not.toMatch(/is not a function|of undefined|Invalid (array|typed)/);
      return undefined;
    }
  };
  const model = attempt('reading', () => readModel(bytes));
  if (model) {
    attempt('inspecting', () => inspect(model));
    const prepared = attempt('preparing', () =>
      prepare(model, {
        ...{ inputSize: side, canvas: 2 * side, mean: [0, 0, 0], std: [1, 1, 1] },
        ...{ channelOrder: 'RGB', layout: 'NCHW', range: 255 },
      }),
    );
    if (prepared)
      attempt('differentiating', () =>
        writeModel(differentiate(withCrossEntropy(prepared), { of: 'loss', wrt: 'canvas' })),
      );
    attempt('the product', () => writeModel(differentiate(withCotangent(model), { of: 'loss', wrt: 'x' })));
  }
  expect(performance.now() - started, `milliseconds of ${what}`).toBeLessThan(20_000);
}

describe('a graph that is made to exhaust the machine is refused, or is harmless', () => {
  for (const kind of Object.keys(kinds))
    test(
      kind,
      () => {
        for (let seed = 1; seed <= Math.ceil(seeds / 4); seed++)
          survivesEverything(hostileModel(kind, seed), `${kind}, seed ${seed}`);
      },
      60_000 * Math.ceil(seeds / 12),
    );

  const refusal = (parts: Parameters<typeof classifier>[0]) => {
    try {
      inspect(readModel(classifier(parts)));
    } catch (error) {
      expect(error).toBeInstanceOf(GraphError);
      return (error as Error).message;
    }
    return 'none';
  };
  const empty = (...dims: number[]) => [floats('z', dims)];

  test.each([
    [
      'a negative length',
      { constants: [ints('s', [-2, -3])], nodes: [node('ConstantOfShape', ['s'], ['c'])] },
      /-2,-3/,
    ],
    [
      'a negative block',
      {
        constants: [floats('t', [1, 4, 2, 2], new Array(16).fill(1))],
        nodes: [node('DepthToSpace', ['t'], ['c'], { blocksize: -1 })],
      },
      /DepthToSpace node "c" cannot be understood/,
    ],
    [
      'an empty constant with a huge side',
      { constants: empty(2 ** 40, 0), nodes: [node('Concat', ['z', 'z'], ['c'], { axis: 1 })] },
      /impossible shape/,
    ],
    [
      'an empty convolution with huge sides',
      {
        constants: [...empty(0, 1, 900, 900), floats('f', [1, 1, 300, 300], new Float32Array(90_000))],
        nodes: [node('Conv', ['z', 'f'], ['c'])],
      },
      /would (take|hold) more than/,
    ],
    [
      'a product of 8192 x 8192',
      {
        constants: [ints('s', [8192, 8192]), floats('one', [1], [1])],
        nodes: [node('Expand', ['one', 's'], ['a']), node('MatMul', ['a', 'a'], ['c'])],
      },
      /would hold more than 17 million numbers/,
    ],
    [
      'a product with a long inner side',
      {
        constants: [ints('s', [2048, 2048]), floats('one', [1], [1])],
        nodes: [node('Expand', ['one', 's'], ['a']), node('MatMul', ['a', 'a'], ['c'])],
      },
      /would take more than 26. million steps/,
    ],
    [
      'a sum of small steps',
      {
        constants: [ints('s', [1_000_000]), floats('one', [1], [1])],
        nodes: [
          node('Expand', ['one', 's'], ['m0']),
          ...Array.from({ length: 40 }, (_, i) => node('Neg', [`m${i}`], [`m${i + 1}`])),
          node('Identity', ['m40'], ['c']),
        ],
      },
      /at the Neg node "m16"/,
    ],
    [
      'an axis far beyond those that there are',
      { constants: [ints('s', [1, 2])], nodes: [node('Concat', ['s', 's'], ['c'], { axis: 2 ** 31 })] },
      /Concat node "c" cannot be understood/,
    ],
    [
      'a slice of such an axis',
      {
        constants: [ints('s', [1, 2]), ints('one', [1]), ints('two', [2]), ints('axis', [2 ** 31])],
        nodes: [node('Slice', ['s', 'one', 'two', 'axis'], ['c'])],
      },
      /Slice node "c" cannot be understood/,
    ],
    [
      'padding of an axis far beyond those that the image has',
      {
        constants: [ints('one', [1, 1]), ints('axis', [2 ** 31 - 1])],
        nodes: [node('Pad', ['x', 'one', '', 'axis'], ['c'])],
        opset: 18,
      },
      /"c" would have the shape .*no machine holds/,
    ],
    ['a node of many inputs', { nodes: [node('Concat', new Array(200_000).fill('x'), ['c'])] }, /200000 inputs/],
  ])('%s', (_what, parts, says) => {
    expect(refusal(parts)).toMatch(says);
  });

  test('a file of text is refused before any of it is read', () => {
    const named = (length: number) =>
      classifier({ nodes: [{ ...node('Relu', ['x'], ['c']), name: 'n'.repeat(length) }] });
    expect(() => readModel(named(2 ** 26 + 1))).toThrow(/has more than 64 MB of names and other text/);
    expect(() => readModel(named(2 ** 25))).toThrow(/has a name of 33554432 characters/);
  });

  test('a file of empty parts, two bytes each, or of long integers of one, is refused before it becomes objects', () => {
    const length = 8_000_000;
    // A field of so many bytes: its number and length, written in the seven bits that a varint has in a byte.
    const field = (number: number, content: Uint8Array) => {
      const bytes = [8 * number + 2];
      for (let left = content.length; left > 0; left >>>= 7) bytes.push((left & 127) | (left > 127 ? 128 : 0));
      return Buffer.concat([Uint8Array.from(bytes), content]);
    };
    const pairs = (tag: number) => Uint8Array.from({ length }, (_, i) => (i % 2 ? 0 : tag));
    const [node, attribute, graph, unknown] = [0x0a, 0x2a, 7, 0x78];
    const ones = new Uint8Array(9_000_000).fill(1);
    for (const file of [
      field(graph, field(5, field(1, ones))),
      field(graph, field(5, field(7, ones))),
      field(graph, pairs(node)),
      field(graph, field(1, pairs(attribute))),
      field(graph, pairs(unknown)),
      pairs(unknown),
    ]) {
      const before = process.memoryUsage().heapTotal;
      expect(() => readModel(file)).toThrow(/has more than 1048576 parts/);
      expect(process.memoryUsage().heapTotal - before).toBeLessThan(50e6);
    }
  });

  test('what an operator is called changes nothing else', () => {
    for (const operator of ['__proto__', 'constructor', 'toString']) {
      const found = inspect(readModel(classifier({ nodes: [node(operator, ['x'], ['c'])] })));
      expect(Object.entries(found.operators)).toContainEqual([operator, 1]);
      expect(found.missing).toContainEqual(expect.objectContaining({ operator }));
    }
  });

  test('weights that are computed from large ones in several steps are no reason to refuse a file', () => {
    const length = 4_000_000;
    const steps = Array.from({ length: 8 }, (_, i) => node('Mul', [i === 0 ? 'big' : `m${i}`, 'half'], [`m${i + 1}`]));
    const constants = [floats('big', [length], new Float32Array(length)), floats('half', [1], [0.5])];
    expect(refusal({ constants, nodes: [...steps, node('Identity', ['m8'], ['c'])] })).toBe('none');
  });
});

describe('a hostile file gives an error for people, in time, and never breaks the process', () => {
  for (const [change, apply] of Object.entries(changes)) {
    test(
      `with ${change} changed`,
      () => {
        for (const file of files) {
          const original = new Uint8Array(readFileSync(folder + file));
          for (let seed = 1; seed <= seeds; seed++) {
            const proto = fromBinary(ModelProtoSchema, original);
            apply(proto, new Dice(seed * 7919 + file.length));
            survives(toBinary(ModelProtoSchema, proto), `${file} with ${change} changed, seed ${seed}`);
          }
        }
      },
      60_000 * Math.ceil(seeds / 12),
    );
  }

  test(
    'with bytes changed anywhere, or cut',
    () => {
      for (const file of files) {
        const original = new Uint8Array(readFileSync(folder + file));
        for (let seed = 1; seed <= seeds; seed++) {
          const dice = new Dice(seed + file.length);
          const damaged = original.slice(0, seed % 3 === 0 ? dice.below(original.length) : original.length);
          for (let i = dice.below(8); i >= 0 && damaged.length > 0; i--)
            damaged[dice.below(damaged.length)] = dice.below(256);
          survives(damaged, `${file}, damage ${seed}`);
        }
      }
    },
    60_000 * Math.ceil(seeds / 12),
  );
});
