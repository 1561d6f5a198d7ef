import { createHash, randomBytes } from 'node:crypto';
import {
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
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { modelCard } from '#shared/release';
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
  it('list --json gives every card, and nothing else', async () => {
    const { code, stdout } = await atlas(['models', 'list', '--json']);
    expect(code).toBe(0);
    const cards = modelCard.array().parse(JSON.parse(stdout));
    expect(cards.map(({ id }) => id)).toEqual(
      expect.arrayContaining(['squeezenet1_1', 'caffenet', 'vgg19', 'googlenet', 'resnet152-v1']),
    );
  });

  it('list for people names each model and whether its file is here', async () => {
    const { stdout } = await atlas(['models', 'list'], { env: { ATLAS_CACHE: folder } });
    expect(stdout).toMatch(/^squeezenet1_1 .*\bhere\b/m);
    expect(stdout).toMatch(/^vgg16 .*\bto fetch\b/m);
  });

  it('show gives one card, --quiet nothing beside it', async () => {
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

  it('writes a card that works by its path, mean in the order of the channels', async () => {
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

  it('overwrites no card', async () => {
    const args = ['models', 'add', onnx, '--id', 'once', ...facts, '--to', folder];
    expect((await atlas(args)).code).toBe(0);
    const before = readFileSync(join(folder, 'once.json'));
    const again = await atlas(args);
    expect(again.code).toBe(2);
    expect(again.stderr).toMatch(/already/);
    expect(readFileSync(join(folder, 'once.json'))).toEqual(before);
  });

  it.each([
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

  it('refuses a file that is no model', async () => {
    const file = join(folder, 'text.onnx');
    writeFileSync(file, 'this is no model');
    const { code, stderr } = await atlas(['models', 'add', file, '--id', 'text', ...facts, '--to', folder]);
    expect({ code, lines: stderr.trim().split('\n').length }).toEqual({ code: 2, lines: 1 });
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

  it('a command that needs a model that is not here says how to get it', async () => {
    const { code, stderr } = await atlas(['models', 'prepare', card, '--out', join(folder, 'never.onnx')], {
      env: { ATLAS_CACHE: cache },
    });
    expect(code).toBe(2);
    expect(stderr).toContain('atlas models fetch remote');
  });

  it('Ctrl-C ends with 130 and keeps what came; the same command goes on from there', async () => {
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
