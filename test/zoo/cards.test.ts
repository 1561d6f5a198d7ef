import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readModel } from '#shared/graph';
import { listCards, loadCard, prepareModel, readModelBytes } from '../../batch/zoo/index.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'atlas-cards-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, card: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, JSON.stringify(card));
  return path;
}

describe('the zoo', () => {
  test('has the four starter models, here and fit for the edge, and the suite of the paper to fetch', async () => {
    const cards = new Map((await listCards()).map((card) => [card.id, card]));
    for (const id of ['squeezenet1_1', 'efficientnet_lite0', 'efficientnet_lite1', 'efficientnet_lite2']) {
      expect(cards.get(id)?.edge, id).toBe(true);
      expect((await readModelBytes(await loadCard(id))).byteLength).toBe(cards.get(id)?.source.bytes);
    }
    for (const id of ['caffenet', 'vgg16', 'vgg19', 'googlenet', 'resnet152-v1'])
      expect(cards.get(id)?.source, id).toHaveProperty('url');
  });

  test('every card can be loaded, is named as its file, and has 1,000 labels', async () => {
    for (const { id } of await listCards()) {
      const model = await loadCard(id);
      expect(model.card.id).toBe(id);
      expect(model.labels).toHaveLength(1000);
      expect([model.labels?.[0], model.wnids?.[999]]).toEqual(['tench', 'n15075141']);
    }
  });

  test('mean and std are in the unit of range', async () => {
    for (const { id, preprocessing } of await listCards()) {
      expect(Math.max(...preprocessing.mean) > 1, id).toBe(preprocessing.range === 255);
    }
  });
});

describe('cards anywhere', () => {
  const plain = {
    file: 'model.onnx',
    licence: 'MIT',
    layout: 'NCHW',
    inputSize: 128,
    channelOrder: 'RGB',
    classes: 1000,
  };
  const mean01 = [0.5, 0.5, 0.5];

  test('a plain card with mean255 and an id', async () => {
    const path = write('a.json', {
      ...plain,
      id: 'a',
      mean255: [1, 2, 3],
      std255: [4, 5, 6],
      mean01,
      std01: mean01,
      source: 'somewhere',
      publishedTop1: 75.1,
    });
    const { card, labels } = await loadCard(path);
    expect(card).toMatchObject({
      id: 'a',
      edge: false,
      credit: 'somewhere',
      source: { file: 'model.onnx' },
      published: { top1: 75.1 },
    });
    expect(card.preprocessing).toEqual({
      inputSize: 128,
      channelOrder: 'RGB',
      layout: 'NCHW',
      range: 255,
      mean: [1, 2, 3],
      std: [4, 5, 6],
    });
    expect(labels).toBeNull();
  });

  test('a plain card with mean01, a name, and the classes of ILSVRC-2012', async () => {
    const path = write('b.json', {
      ...plain,
      name: 'b',
      mean01,
      std01: mean01,
      classOrder: 'ILSVRC-2012, alphabetical by wnid (background class removed)',
      source: { repo: 'https://example.org/r', commit: 'abc', paths: ['x'] },
      publishedTop1: { quantised: 39.5, float: 41.4, where: 'a table' },
    });
    const { card, labels, wnids } = await loadCard('b.json', folder);
    expect(card).toMatchObject({
      id: 'b',
      published: { top1: 39.5, where: 'a table' },
      credit: 'https://example.org/r at abc',
    });
    expect(card.preprocessing).toMatchObject({ range: 1, mean: mean01 });
    expect([labels?.[1], wnids?.[1]]).toEqual(['goldfish', 'n01443537']);
    expect(path).toContain(folder);
  });

  test('an id of the zoo is found before a file of that name', async () => {
    write('squeezenet1_1', {});
    expect((await loadCard('squeezenet1_1', folder)).cardPath).toMatch(/zoo.models.squeezenet1_1\.json$/);
  });

  test.each([
    ['no JSON', '{', /is not JSON/],
    ['no mean', { ...plain, id: 'x' }, /mean255 and std255/],
    ['a std of 0', { ...plain, id: 'x', mean255: [1, 2, 3], std255: [0, 1, 1] }, /std.*divides by zero/],
    ['a card of nothing', {}, /id is missing.*title is missing/],
    [
      'more classes than any list has',
      { ...plain, id: 'x', mean255: [1, 2, 3], std255: [1, 1, 1], classes: 2 ** 53 - 1 },
      /classes must be at most 1000000, not 9007199254740991/,
    ],
    ['an id that is a path', { ...plain, id: '../x', mean255: [1, 2, 3], std255: [1, 1, 1] }, /id is letters/],
  ])('%s is refused with what does not fit', async (_what, value, says) => {
    const path = typeof value === 'string' ? join(folder, 'bad.json') : write('bad.json', value);
    if (typeof value === 'string') writeFileSync(path, value);
    await expect(loadCard(path)).rejects.toThrow(says);
  });

  const whole = {
    ...{ id: 'w', title: 'W', licence: 'MIT', classes: 2, labels: null, published: null, edge: false },
    preprocessing: { inputSize: 8, channelOrder: 'RGB', layout: 'NCHW', range: 1, mean: mean01, std: mean01 },
  };
  test.each(['data:text/plain,abc', 'file:///etc/passwd', 'ftp://example.org/m', 'javascript:alert(1)'])(
    'an address such as %s is refused: a model comes from a server',
    async (url) => {
      const path = write('far.json', { ...whole, source: { url, sha256: '0'.repeat(64), bytes: 3 } });
      await expect(loadCard(path)).rejects.toThrow(/source\.url must be a web address, http or https/);
    },
  );

  test('what is no regular file is refused at once, as a model, as labels and as a card', async () => {
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    for (const file of ['/dev/zero', pipe, folder]) {
      const asModel = await loadCard(write('special.json', { ...whole, source: { file } }));
      await expect(readModelBytes(asModel), file).rejects.toThrow(/cannot be read: it is (no regular file|a folder)/);
      const asLabels = write('special.json', { ...whole, source: { file: 'x' }, labels: file });
      await expect(loadCard(asLabels), file).rejects.toThrow(/label file .* it is (no regular file|a folder)/);
      await expect(loadCard(file), file).rejects.toThrow(/There is no model card at/);
    }
  });

  test('a file that is no list of labels is not quoted', async () => {
    const secret = join(folder, 'secret.txt');
    for (const [content, says] of [
      ['root:x:0:0:hunter2', /label file .*secret\.txt is not JSON/],
      ['"hunter2"', /label file .*secret\.txt does not fit its schema: it must be a list, not text/],
      ['[{"root":"hunter2"}]', /label file .*secret\.txt does not fit its schema: 0 must be text, not an object/],
    ] as const) {
      writeFileSync(secret, content);
      const card = write('s.json', { ...whole, source: { file: 'x' }, labels: secret });
      const error = await loadCard(card).catch((thrown: Error) => thrown);
      expect(String(error)).toMatch(says);
      expect(String(error)).not.toMatch(/root|hunter/);
    }
  });

  test('labels of millions of faults are refused with the first', async () => {
    writeFileSync(join(folder, 'many.json'), JSON.stringify(Array(3e6).fill(1)));
    const started = performance.now();
    await expect(loadCard(write('m.json', { ...whole, source: { file: 'x' }, labels: 'many.json' }))).rejects.toThrow(
      /0 must be (an object|text), not a number/,
    );
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  test('labels that are not one for each class are refused', async () => {
    write('labels.json', [
      { index: 0, label: 'cat' },
      { index: 2, label: 'dog' },
    ]);
    const path = write('c.json', {
      ...plain,
      id: 'c',
      classes: 2,
      labels: 'labels.json',
      mean255: [1, 2, 3],
      std255: [1, 1, 1],
    });
    await expect(loadCard(path)).rejects.toThrow(/names 2 classes.*from 0 to 1/);
  });

  test('a model file that is missing or another is an error that names it', async () => {
    const path = write('d.json', { ...plain, id: 'd', mean255: [1, 2, 3], std255: [1, 1, 1], sha256: '0'.repeat(64) });
    await expect(readModelBytes(await loadCard(path))).rejects.toThrow(/model\.onnx.*does not exist/);
    writeFileSync(join(folder, 'model.onnx'), 'other');
    await expect(readModelBytes(await loadCard(path))).rejects.toThrow(/SHA-256 .* instead of 0000/);
  });
});

test('a model that cannot be prepared as its card says is an error that names it', async () => {
  const { card, ...rest } = await loadCard('squeezenet1_1');
  const wrong = { ...rest, card: { ...card, preprocessing: { ...card.preprocessing, inputSize: 224 } } };
  await expect(prepareModel(wrong, 224)).rejects.toThrow(/squeezenet1_1 cannot be prepared.*227/);
});

test('a prepared model is canvas in, logits out, and the same bytes each time', async () => {
  const model = await loadCard('squeezenet1_1');
  const prepared = await prepareModel(model, 224);
  expect(prepared.sha256).toBe(createHash('sha256').update(prepared.bytes).digest('hex'));
  expect(prepared.sourceSha256).toBe(model.card.source.sha256);
  const { inputs, outputs } = readModel(prepared.bytes);
  expect(inputs.map(({ name, shape }) => [name, shape])).toEqual([['canvas', ['N', 3, 224, 224]]]);
  expect(outputs.map(({ name, shape }) => [name, shape])).toEqual([['logits', ['N', 1000]]]);
  expect((await prepareModel(await loadCard(model.cardPath), 224)).sha256).toBe(prepared.sha256);
  expect(readFileSync(model.cardPath, 'utf8')).toContain(prepared.sourceSha256);
});
