/** `models add` on the forms that classifiers come in: what its card says, and that the edge is offered what fits. */
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readModel, writeModel } from '#shared/graph';
import { edgeModelBytes, modelCard } from '#shared/release';
import { canvasFor } from '#shared/zoo';
import { addModel, type NewCard, prepareModel } from '../../batch/zoo/index.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'atlas-add-'));
  cpSync(fileURLToPath(new URL('../cases', import.meta.url)), folder, { recursive: true });
  writeFileSync(join(folder, 'four.json'), '["a","b","c","d"]');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let count = 0;
const add = (name: string, wanted: Partial<NewCard> = {}) =>
  addModel(join(folder, `${name}.onnx`), {
    ...{ id: `m${count++}`, folder: join(folder, 'cards') },
    normalisation: { mean: [0], std: [1], range: 255, channelOrder: 'RGB' },
    ...wanted,
  });
const four = () => ({ labels: join(folder, 'four.json') });

describe('the card of', () => {
  test.each<[string, string, () => Partial<NewCard>, object]>([
    [
      'a grey model',
      'gray',
      () => ({ fit: 'exact' }),
      { fit: 'exact', classes: 4, preprocessing: { inputSize: 28, channels: 'grey', mean: [0], std: [1] } },
    ],
    [
      'a model that takes bytes',
      'uint8-nhwc',
      four,
      { classes: 4, preprocessing: { layout: 'NHWC', inputSize: 32, mean: [0, 0, 0] } },
    ],
    ['a single score', 'single-logit', () => ({ classes: 2 }), { classes: 2 }],
    ['several outputs, told by the labels', 'age-gender', four, { output: 'gender', classes: 4 }],
    ['several outputs, told by --classes', 'age-gender', () => ({ classes: 4 }), { output: 'gender', classes: 4 }],
    ['several outputs, told by --output', 'age-gender', () => ({ output: 'age' }), { output: 'age', classes: 2 }],
    ['a head of TensorFlow', 'nhwc-N11K', four, { classes: 4 }],
    ['an input that is not square', 'nonsquare', four, { preprocessing: { inputSize: 128, inputWidth: 64 } }],
    ['open axes', 'dynamic-all', () => ({ inputSize: 48 }), { preprocessing: { layout: 'NCHW', inputSize: 48 } }],
  ])('%s says what it is, and prepares it', async (_what, name, wanted, card) => {
    const added = await add(name, wanted());
    expect(modelCard.parse(JSON.parse(readFileSync(added.cardPath, 'utf8')))).toEqual(added.card);
    expect(added.card).toMatchObject(card);
    const { outputs } = readModel((await prepareModel(added, 40)).bytes);
    expect(outputs).toEqual([{ name: 'logits', type: 'float32', shape: ['N', added.card.classes] }]);
  });

  test.each<[string, string, Partial<NewCard>, RegExp]>([
    ['an open size', 'dynamic-all', {}, /does not say how large its input is.*--size/],
    ['several outputs', 'age-gender', {}, /age \[N,1\], gender \[N,4\].*the output, by its name/],
    ['half a size', 'nonsquare', { inputSize: 128 }, /128 x 64 pixels \(height x width\).*not square/],
    [
      'means of colours for grey',
      'gray',
      { normalisation: { mean: [1, 2, 3], std: [1], range: 255, channelOrder: 'RGB' } },
      /one number each/,
    ],
    [
      'a mean for bytes',
      'uint8-nhwc',
      { normalisation: { mean: [127.5], std: [127.5], range: 255, channelOrder: 'RGB' } },
      /uint8.*its mean 0/,
    ],
  ])('%s is not written', async (_what, name, wanted, says) => {
    const id = `refused${count++}`;
    await expect(add(name, { id, ...wanted })).rejects.toThrow(says);
    expect(existsSync(join(folder, 'cards', `${id}.json`))).toBe(false);
  });

  test('asks what finds the preprocessing out for what the input can have', async () => {
    const asked: unknown[] = [];
    const normalisation: NewCard['normalisation'] = async ({ input }) => {
      asked.push(input);
      return { mean: [0], std: [1], range: 255, channelOrder: 'RGB' };
    };
    await add('gray', { normalisation });
    await add('uint8-nhwc', { normalisation });
    expect(asked).toEqual([
      { channels: 'grey', isWhole: false },
      { channels: 'colour', isWhole: true },
    ]);
  });
});

describe('the edge is offered', () => {
  /** The single score of a linear layer as wide as it must be: its weights have `bytes` bytes. */
  const large = (bytes: number) => {
    const path = join(folder, 'large.onnx');
    const model = readModel(readFileSync(join(folder, 'gray.onnx')));
    const extra = Math.ceil(bytes / 4 / 784);
    const weights = (shape: number[]) => ({
      ...{ type: 'float32' as const, shape },
      data: new Float32Array(shape.reduce((size, dim) => size * dim, 1)),
    });
    const node = (operator: string, inputs: string[], output: string) => ({
      ...{ operator, domain: '', name: output, inputs, outputs: [output], attributes: {} },
    });
    writeFileSync(
      path,
      writeModel({
        ...model,
        nodes: [node('Flatten', ['x'], 'f'), node('MatMul', ['f', 'w1'], 'h'), node('MatMul', ['h', 'w2'], 'logits')],
        constants: new Map([
          ['w1', weights([784, extra])],
          ['w2', weights([extra, 4])],
        ]),
      }),
    );
  };

  test('a small model, where nobody says otherwise', async () => {
    expect((await add('gray')).card.edge).toBe(true);
    expect((await add('gray', { edge: false })).card.edge).toBe(false);
  });

  test('no large one, and --edge says why', async () => {
    large(edgeModelBytes + 1e5);
    expect((await add('large')).card.edge).toBe(false);
    await expect(add('large', { edge: true })).rejects.toThrow(
      /too large for the edge: prepared it has 10\.2 MB, .*at most 10\.0 MB/,
    );
  });
});

test('the canvas is what all cards say who take photos as they are', () => {
  const card = (fit: 'exact' | undefined, inputSize: number, inputWidth?: number) => ({
    fit,
    preprocessing: {
      ...{ inputSize, inputWidth, channelOrder: 'RGB' as const, layout: 'NCHW' as const, range: 1 as const },
      ...{ mean: [0, 0, 0], std: [1, 1, 1] },
    },
  });
  const cards = (...all: ReturnType<typeof card>[]) => all;
  expect(canvasFor(cards(card('exact', 28)), {})).toEqual({ canvas: 28, fit: 'exact' });
  expect(canvasFor(cards(card('exact', 28)), { canvas: 32 })).toEqual({ canvas: 32, fit: 'crop' });
  expect(canvasFor(cards(card('exact', 28)), { fit: 'crop' })).toEqual({ canvas: 28, fit: 'crop' });
  expect(canvasFor(cards(card('exact', 28), card(undefined, 28)), {})).toEqual({ canvas: 224, fit: 'crop' });
  expect(canvasFor(cards(card('exact', 28), card('exact', 32)), {})).toEqual({ canvas: 224, fit: 'crop' });
  expect(canvasFor(cards(card('exact', 28, 32)), {})).toEqual({ canvas: 224, fit: 'crop' });
  expect(canvasFor([], {})).toEqual({ canvas: 224, fit: 'crop' });
});
