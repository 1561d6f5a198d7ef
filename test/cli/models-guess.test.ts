import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeModel } from '#shared/graph';
import { random } from '#shared/synthetic';
import { codecs } from '../../batch/photos/index.ts';
import { loadCard } from '../../batch/zoo/index.ts';
import { atlas, root } from './atlas.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atlas-guess-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const cases = (name: string) => join(root, 'test/cases', name);
const add = (to: string, model: string, ...more: string[]) =>
  atlas([
    'models',
    'add',
    model,
    '--id',
    'rb',
    '--guess',
    '--provider',
    'cpu',
    '--json',
    '--to',
    join(folder, to),
    ...more,
  ]);

describe('atlas models add --guess, without WordNet ids', () => {
  test.each([
    ['labels, and folders named by them', ['--labels', cases('two-labels.json')], 'labelled-by-label'],
    ['folders named by index, and no labels', [], 'labelled-by-index'],
    ['labels, and folders named by index', ['--labels', cases('two-labels.json')], 'labelled-by-index'],
  ])(
    'finds the preprocessing from %s',
    async (name, labels, photos) => {
      const { code, stdout } = await add(name, cases('red-blue.onnx'), ...labels, '--photos', cases(photos));
      expect(code).toBe(0);
      const { guess } = JSON.parse(stdout);
      expect(guess).toMatchObject({ photos: 24, chance: 0.5, betterThanChance: true });
      expect(guess.candidates[0]).toMatchObject({ ratio: 1, right: 24 });
      const names = guess.candidates.map((candidate: { name: string }) => candidate.name);
      expect(names).toEqual(
        expect.arrayContaining(['CIFAR-10 mean and std, RGB', 'CIFAR-10 mean and smaller std, RGB']),
      );
    },
    60_000,
  );

  test.each([
    ['labels.txt', 'cat\ndog\n'],
    ['imagenet_class_index.json', '{"0": ["n02123045", "cat"], "1": ["n02084071", "dog"]}'],
    ['config.json', '{"id2label": {"0": "cat", "1": "dog"}}'],
  ])(
    'takes labels as %s, and writes them beside the card as cards have them',
    async (name, text) => {
      await writeFile(join(folder, name), text);
      const to = join(folder, `to-${name}`);
      const args = ['--labels', join(folder, name), '--photos', cases('labelled-by-label')];
      const { code, stdout } = await add(`to-${name}`, cases('red-blue.onnx'), ...args);
      expect(code).toBe(0);
      const { labels, guess } = JSON.parse(stdout);
      expect([labels, guess.candidates[0].right]).toEqual(['rb.labels.json', 24]);
      expect((await loadCard(join(to, 'rb.json'))).labels).toEqual(['cat', 'dog']);
    },
    60_000,
  );

  test('leaves nothing behind where the labels are not those of the model, and names the file that was given', async () => {
    const labels = join(folder, 'three.txt');
    await writeFile(labels, 'cat\ndog\ncow\n');
    const args = ['--labels', labels, '--photos', cases('labelled-by-label')];
    const { code, stderr } = await add('three', cases('red-blue.onnx'), ...args);
    expect(code).toBe(2);
    expect(stderr).toMatch(/label file \S+three\.txt names 3 classes, and the model rb has 2/);
    expect(existsSync(join(folder, 'three', 'rb.labels.json'))).toBe(false);
    await writeFile(labels, '{"cat": "dog"}');
    const unknown = await add('three', cases('red-blue.onnx'), ...args);
    expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringMatching(/no list of classes.*Keras.*id2label/)]);
  }, 60_000);

  test('tries photos of the size of the input as they are: what a crop takes off may be all that tells', async () => {
    // Only the outermost pixels tell the class; the crop of 224 of 256 takes most of them off.
    const size = 16;
    await writeFile(join(folder, 'border.onnx'), borderModel(size));
    const { encodePng } = await codecs();
    const draw = random(1, 'border');
    for (const label of [0, 1]) {
      await mkdir(join(folder, 'border', String(label)), { recursive: true });
      for (let k = 0; k < 12; k++) {
        const data = new Uint8ClampedArray(4 * size * size).fill(255);
        for (let i = 0; i < size * size; i++) {
          // The pixels beside them are the other way round.
          const side = isEdge(i, size, 0) ? label : isEdge(i, size, 1) ? 1 - label : null;
          for (let c = 0; c < 3; c++) data[4 * i + c] = side === null ? draw.below(256) : 255 * side;
        }
        await writeFile(
          join(folder, 'border', String(label), `${k}.png`),
          await encodePng({ data, width: size, height: size }),
        );
      }
    }
    const { code, stdout, stderr } = await add(
      'exact',
      join(folder, 'border.onnx'),
      '--photos',
      join(folder, 'border'),
    );
    expect(code).toBe(0);
    const { candidates } = JSON.parse(stdout).guess;
    expect(candidates[0]).toMatchObject({ fit: 'exact', right: 24, name: expect.stringMatching(/, exact$/) });
    const crops = candidates.filter(({ fit }: { fit: string }) => fit === 'crop');
    expect(Math.max(...crops.map(({ right }: { right: number }) => right))).toBeLessThan(24);
    expect(stderr).toMatch(/photos that have the size of the model's input, as they are/);
    const { fit, preprocessing } = JSON.parse(await readFile(join(folder, 'exact/rb.json'), 'utf8'));
    expect([fit, preprocessing.inputSize]).toEqual(['exact', size]);
  }, 60_000);
});

/** The second logit is the sum of the outermost pixels, the first one its negative. */
function borderModel(size: number): Uint8Array {
  const weights = new Float32Array(3 * size * size * 2);
  for (let i = 0; i < 3 * size * size; i++) if (isEdge(i % (size * size), size, 0)) weights.set([-1, 1], 2 * i);
  const node = (operator: string, inputs: string[], output: string) => ({
    ...{ operator, domain: '', name: operator, inputs, outputs: [output], attributes: {} },
  });
  return writeModel({
    ...{ irVersion: 8, opset: 17, domains: {}, producer: 'test', name: 'border', metadata: {} },
    inputs: [{ name: 'x', type: 'float32', shape: ['N', 3, size, size] }],
    outputs: [{ name: 'y', type: 'float32', shape: ['N', 2] }],
    constants: new Map([['w', { type: 'float32' as const, shape: [3 * size * size, 2], data: weights }]]),
    nodes: [node('Flatten', ['x'], 'flat'), node('MatMul', ['flat', 'w'], 'y')],
  });
}

/** Whether a pixel lies so many pixels within the edge of the picture. */
function isEdge(pixel: number, size: number, within: number): boolean {
  const [x, y] = [pixel % size, Math.floor(pixel / size)];
  return Math.min(x, y, size - 1 - x, size - 1 - y) === within;
}
