import { createHash, randomBytes } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Compute } from '#shared/compute';
import { readModel, writeModel } from '#shared/graph';
import { argmax } from '#shared/metrics';
import { modelCard } from '#shared/release';
import type { Candidate } from '#shared/zoo';
import { openCompute } from '../../batch/compute/index.ts';
import { loadPhotos } from '../../batch/photos/index.ts';
import { loadCard, prepareModel } from '../../batch/zoo/index.ts';
import { writeWithExternalWeights } from '../support/external-weights.ts';
import { tinyModel } from '../support/tiny-model.ts';
import { type FileServer, serveFile } from '../zoo/file-server.ts';
import { atlas, root, startAtlas } from './atlas.ts';

// Each test starts processes, on machines that may be busy with other tests.
vi.setConfig({ testTimeout: 60_000 });

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'atlas-models-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('atlas models list and show', () => {
  test('list --json gives every card, and nothing else', async () => {
    const { code, stdout } = await atlas(['models', 'list', '--json']);
    expect(code).toBe(0);
    const cards = modelCard.array().parse(JSON.parse(stdout));
    expect(cards.map(({ id }) => id)).toEqual(
      expect.arrayContaining(['squeezenet1_1', 'caffenet', 'vgg19', 'googlenet', 'resnet152-v1']),
    );
  });

  test('list for people names each model and whether its file is here', async () => {
    const { stdout } = await atlas(['models', 'list'], { env: { ATLAS_CACHE: folder } });
    expect(stdout).toMatch(/^squeezenet1_1 .*\bhere\b/m);
    expect(stdout).toMatch(/^vgg16 .*\bto fetch\b/m);
  });

  test('show gives one card, --quiet nothing beside it', async () => {
    const { stdout, stderr } = await atlas(['models', 'show', 'efficientnet_lite1', '--json', '--quiet']);
    expect(JSON.parse(stdout)).toMatchObject({ id: 'efficientnet_lite1', preprocessing: { inputSize: 240 } });
    expect(stderr).toBe('');
  });
});

describe('atlas models add and prepare', () => {
  const onnx = join(root, 'zoo/starter/models/squeezenet1_1.onnx');
  const facts = [
    '--size',
    '227',
    '--mean',
    '123.68,116.779,103.939',
    '--std',
    '1,1,1',
    '--order',
    'bgr',
    '--range',
    '255',
  ];

  test('writes a card that works by its path, mean in the order of the channels', async () => {
    const added = await atlas([
      'models',
      'add',
      onnx,
      '--id',
      'mine',
      ...facts,
      '--labels',
      'imagenet',
      '--to',
      folder,
      '--json',
    ]);
    expect(added.stderr).toBe('');
    const card = modelCard.parse(JSON.parse(added.stdout));
    expect(card.preprocessing).toMatchObject({ channelOrder: 'BGR', mean: [103.939, 116.779, 123.68], layout: 'NCHW' });
    expect(card.classes).toBe(1000);

    const out = join(folder, 'prepared.onnx');
    const prepared = await atlas(['models', 'prepare', join(folder, 'mine.json'), '--out', out, '--json']);
    const { file, sha256, bytes } = JSON.parse(prepared.stdout);
    expect(file).toBe(out);
    expect(bytes).toBe(statSync(out).size);
    expect(sha256).toBe(createHash('sha256').update(readFileSync(out)).digest('hex'));

    const zoo = await atlas(['models', 'prepare', 'squeezenet1_1', '--out', join(folder, 'zoo.onnx'), '--json']);
    expect(JSON.parse(zoo.stdout).sha256, 'the same model by the zoo and by the card').toBe(sha256);
  });

  test('overwrites no card', async () => {
    const args = ['models', 'add', onnx, '--id', 'once', ...facts, '--to', folder];
    expect((await atlas(args)).code).toBe(0);
    const before = readFileSync(join(folder, 'once.json'));
    const again = await atlas(args);
    expect(again.code).toBe(2);
    expect(again.stderr).toMatch(/already/);
    expect(readFileSync(join(folder, 'once.json'))).toEqual(before);
  });

  test.each([
    ['a size that the graph does not have', { '--size': '224' }, /227|shape/],
    ['a mean of two numbers', { '--mean': '1,2' }, /three numbers/],
    ['a std of zero', { '--std': '0,1,1' }, /[Ss]td/],
    ['an id with a slash', { '--id': 'a/b' }, /id/],
    ['labels of another model', { '--labels': 'LABELS' }, /names 2 classes/],
  ])('refuses %s and writes nothing', async (_what, changed: Record<string, string>, says) => {
    const labels = join(folder, 'labels.txt');
    writeFileSync(labels, '["cat","dog"]');
    const args = ['models', 'add', onnx, '--id', 'refused', ...facts];
    for (const [flag, value] of Object.entries(changed)) {
      const at = args.indexOf(flag);
      const given = value === 'LABELS' ? labels : value;
      if (at < 0) args.push(flag, given);
      else args[at + 1] = given;
    }
    const { code, stderr } = await atlas([...args, '--to', folder]);
    expect(stderr).toMatch(says);
    expect(code).toBe(2);
    expect(existsSync(join(folder, 'refused.json'))).toBe(false);
  });

  test('refuses a file that is no model', async () => {
    const file = join(folder, 'text.onnx');
    writeFileSync(file, 'this is no model');
    const { code, stderr } = await atlas(['models', 'add', file, '--id', 'text', ...facts, '--to', folder]);
    expect({ code, lines: stderr.trim().split('\n').length }).toEqual({ code: 2, lines: 1 });
  });
});

describe('a model with weights in other files', () => {
  test('is added as one file beside the card, which is the same model', async () => {
    const path = join(folder, 'apart.onnx');
    writeWithExternalWeights(path, readFileSync(join(root, 'zoo/starter/models/squeezenet1_1.onnx')));
    const args = ['models', 'add', path, '--id', 'whole', '--mean', '123.68,116.779,103.939', '--std', '1,1,1'];
    const to = join(folder, 'cards');
    const added = await atlas([...args, '--order', 'bgr', '--range', '255', '--to', to, '--json']);
    expect(added.stderr).toMatch(/lie in other files/);
    const card = modelCard.parse(JSON.parse(added.stdout));
    expect(card.source).toMatchObject({ file: 'whole.onnx' });
    rmSync(path);
    rmSync(join(folder, 'model.weights'));
    const whole = await prepareModel(await loadCard(join(to, 'whole.json')), 224);
    expect(whole.sha256).toBe((await prepareModel(await loadCard('squeezenet1_1'), 224)).sha256);
  });
});

describe('atlas models add --guess', () => {
  const labelled = (id: string) => join(folder, `labelled-${id}`);
  const limit = 12;

  /**
   * Starter photos in folders named by the class that the model sees in them: what its true preprocessing is right
   * about.
   */
  async function labelBy(id: string, compute: Compute): Promise<void> {
    const model = await loadCard(id);
    const { bytes, sha256 } = await prepareModel(model, 224);
    const starter = join(root, 'zoo/starter/photos');
    const chosen = new Set(
      readdirSync(starter)
        .filter((name, i) => i % 5 === 0 && name.endsWith('.jpg'))
        .slice(0, limit),
    );
    const photos = await loadPhotos([starter], { canvas: 224, only: (file) => chosen.has(file) });
    const items = photos.names.map((_, photo) => ({ photo, flip: false }));
    const { logits, classes } = await compute.logits({ program: { key: sha256, bytes }, photos, items });
    photos.names.forEach((name, photo) => {
      const to = join(labelled(id), String(argmax(logits, photo * classes, classes)));
      mkdirSync(to, { recursive: true });
      copyFileSync(join(starter, name), join(to, name));
    });
  }
  beforeAll(async () => {
    const compute = await openCompute({ provider: 'cpu' });
    await labelBy('squeezenet1_1', compute);
    await labelBy('efficientnet_lite0', compute);
    await compute.close();
  });

  const guess = (id: string, photos: string, ...more: string[]) => {
    const onnx = join(root, `zoo/starter/models/${id}.onnx`);
    return atlas([
      'models',
      'add',
      onnx,
      '--id',
      `g-${id}`,
      '--guess',
      '--photos',
      photos,
      '--to',
      folder,
      '--workers',
      '1',
      ...more,
    ]);
  };

  test.each(['squeezenet1_1', 'efficientnet_lite0'])(
    'finds the preprocessing of %s',
    { timeout: 180_000 },
    async (id) => {
      const { code, stdout, stderr } = await guess(id, labelled(id), '--json', '--labels', 'imagenet');
      expect(code, stderr).toBe(0);
      const added = JSON.parse(stdout);
      const { candidates, tied } = added.guess;
      const { mean, channelOrder } = (await loadCard(id)).card.preprocessing;
      const truth = candidates.find(
        ({ normalisation }: Candidate) =>
          String(normalisation.mean) === String(mean) && normalisation.channelOrder === channelOrder,
      );
      expect(truth).toMatchObject({ ratio: 1, right: limit });
      // That of EfficientNet-Lite is half a grey level from -1..1, which so few photos need not tell apart.
      if (candidates[0].name !== truth.name) expect(tied).toContain(truth.name);
      expect(Math.abs(added.preprocessing.mean[0] - mean[0])).toBeLessThan(1);
      expect(added.preprocessing.channelOrder).toBe(channelOrder);
      expect(candidates.at(-1).high).toBeLessThan(truth.low);
    },
  );

  test('refuses when nothing is better than chance, and writes nothing', async () => {
    // Labels of another world: every photo is called a class that it is not.
    const wrong = join(folder, 'wrong');
    readdirSync(labelled('squeezenet1_1')).forEach((label) => {
      for (const name of readdirSync(join(labelled('squeezenet1_1'), label))) {
        const to = join(wrong, String((Number(label) + 500) % 1000));
        mkdirSync(to, { recursive: true });
        copyFileSync(join(labelled('squeezenet1_1'), label, name), join(to, name));
      }
    });
    const { code, stdout, stderr } = await guess('squeezenet1_1', wrong, '--limit', '8', '--id', 'never');
    expect(code).toBe(2);
    expect(stderr).toMatch(/better than chance.*say mean, std, order and range yourself/);
    expect(stdout, 'the table says why').toMatch(/Caffe means, BGR +0\.0/);
    expect(existsSync(join(folder, 'never.json'))).toBe(false);
  });

  test.each([
    ['without photos', ['--guess'], /--guess needs labelled photos/],
    ['beside a mean', ['--guess', '--photos', 'x', '--mean', '1,2,3'], /--guess finds out what --mean says/],
    ['with photos that tell no class', ['--guess', '--photos', join(root, 'zoo/starter/photos')], /tells its class/],
    ['neither it nor a mean', ['--std', '1,1,1'], /--mean and --range must say.*--guess/],
  ])('%s says what is missing', async (_what, flags, says) => {
    const onnx = join(root, 'zoo/starter/models/squeezenet1_1.onnx');
    const { code, stderr } = await atlas(['models', 'add', onnx, '--id', 'never', '--to', folder, ...flags]);
    expect(stderr).toMatch(says);
    expect(code).toBe(2);
  });
});

describe('atlas models inspect', () => {
  test('--json keeps its contract', async () => {
    const { code, stdout } = await atlas(['models', 'inspect', 'zoo/starter/models/squeezenet1_1.onnx', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      preparable: true,
      differentiable: true,
      craftable: true,
      missing: [],
      input: { name: 'input', layout: 'NCHW', size: 227, batch: 'any' },
      classes: 1000,
      parameters: 1235496,
      operators: { Conv: 26, MaxPool: 3 },
      opset: 17,
      quantised: 'weights',
      // 0.35 billion multiply-adds, as published; some more at 227 than at 224 pixels.
      flops: expect.closeTo(0.7e9, -8),
    });
  });

  test('names the model, the node and what is supported when an operator has no rule', async () => {
    const model = readModel(tinyModel().bytes);
    const path = join(folder, 'sinh.onnx');
    writeFileSync(
      path,
      writeModel({
        ...model,
        nodes: model.nodes.map((node) =>
          node.name === 'centre' ? { ...node, operator: 'Sinh', inputs: ['canvas'] } : node,
        ),
      }),
    );
    const inspected = await atlas(['models', 'inspect', path]);
    expect(inspected.stdout).toMatch(/can be differentiated +no: .*Sinh node "centre"/);
    const { code, stderr } = await atlas(['gradients', 'check', path]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/sinh\.onnx.*Sinh node "centre".*Supported are: Abs, Add/);
  });
});

describe('atlas models fetch', () => {
  const bytes = randomBytes(3_000_000);
  let server: FileServer;
  let card: string;
  let cache: string;
  beforeAll(async () => {
    server = await serveFile(bytes);
    cache = join(folder, 'cache');
    mkdirSync(cache);
    card = join(folder, 'remote.json');
    const local = JSON.parse(readFileSync(join(root, 'zoo/models/squeezenet1_1.json'), 'utf8'));
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    writeFileSync(
      card,
      JSON.stringify({
        ...local,
        id: 'remote',
        labels: null,
        source: { url: server.url, sha256, bytes: bytes.length },
      }),
    );
  });
  afterAll(() => server.close());

  test('a command that needs a model that is not here says how to get it', async () => {
    const { code, stderr } = await atlas(['models', 'prepare', card, '--out', join(folder, 'never.onnx')], {
      env: { ATLAS_CACHE: cache },
    });
    expect(code).toBe(2);
    expect(stderr).toContain('atlas models fetch remote');
  });

  test('Ctrl-C ends with 130 and keeps what came; the same command goes on from there', async () => {
    server.behaviour = { pauseAt: 1_500_000 };
    const { child, ended } = startAtlas(['models', 'fetch', card], { env: { ATLAS_CACHE: cache } });
    await server.paused();
    await expect.poll(() => partSize(cache), { timeout: 20_000 }).toBeGreaterThan(0);
    // As a terminal does: to the launcher and to what it started, both.
    process.kill(-child.pid!, 'SIGINT');
    const { code, stderr } = await ended;
    expect(code).toBe(130);
    expect(stderr).toContain('interrupted');
    const kept = partSize(cache);

    server.behaviour = {};
    const done = await atlas(['models', 'fetch', card, '--json', '--quiet'], { env: { ATLAS_CACHE: cache } });
    expect(done.stderr).toBe('');
    expect(server.ranges.at(-1)).toBe(`bytes=${kept}-`);
    const [{ file }] = JSON.parse(done.stdout);
    expect(readFileSync(file).equals(bytes)).toBe(true);
    expect(readdirSync(join(cache, 'models')), 'no .part file is left').toHaveLength(1);
  });
});

function partSize(cache: string): number {
  const models = join(cache, 'models');
  const part = existsSync(models) ? readdirSync(models).find((name) => name.endsWith('.part')) : undefined;
  return part ? statSync(join(models, part)).size : 0;
}
