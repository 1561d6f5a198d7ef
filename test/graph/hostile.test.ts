import { readdirSync, readFileSync } from 'node:fs';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { type ModelProto, ModelProtoSchema } from 'onnx-buf';
import { describe, expect, test } from 'vitest';
import { differentiate, freeBatch, GraphError, inspect, readModel, withCotangent, writeModel } from '#shared/graph';

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
