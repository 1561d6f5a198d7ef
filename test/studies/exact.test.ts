/** A study of a grey model of 28 pixels on photos of just that size: from `atlas run` to what the Worker answers. */
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { answerOf, atlasClient } from '#shared/api';
import { argmax } from '#shared/metrics';
import { edgeModelBytes, type Manifest } from '#shared/release';
import { random } from '#shared/synthetic';
import { codecs } from '../../batch/photos/index.ts';
import { verifyRelease } from '../../batch/publish/index.ts';
import { runStudy } from '../../batch/studies/index.ts';
import { addModel } from '../../batch/zoo/index.ts';
import { chooseModel } from '../../workers/atlas/routes/choose.ts';
import { type RunningWorker, startWorker } from '../support/worker.ts';

const side = 28;
const plane = side * side;
const model = fileURLToPath(new URL('../cases/gray.onnx', import.meta.url));

let folder: string;
let release: string;
let manifest: Manifest;
let worker: RunningWorker;
const notices: string[] = [];
/** Pixels of each photo, RGBA. */
const photos = new Map<string, Uint8Array>();

async function png(
  width: number,
  height: number,
  seed: number,
): Promise<{ data: Uint8Array; bytes: Uint8Array<ArrayBuffer> }> {
  const draw = random(seed, 'exact photos');
  const data = Uint8Array.from({ length: 4 * width * height }, (_, i) => (i % 4 === 3 ? 255 : draw.below(256)));
  return { data, bytes: await (await codecs()).encodePng({ data, width, height }) };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atlas-exact-'));
  await mkdir(join(folder, 'photos'));
  for (let i = 0; i < 24; i++) {
    const { data, bytes } = await png(side, side, i);
    photos.set(`digit${i}.png`, data);
    await writeFile(join(folder, 'photos', `digit${i}.png`), bytes);
  }
  await writeFile(join(folder, 'photos', 'larger.png'), (await png(30, side, 99)).bytes);
  await copyFile(model, join(folder, 'gray.onnx'));
  const normalisation = { mean: [0.13], std: [0.31], range: 1, channelOrder: 'RGB' } as const;
  for (const [id, edge] of [
    ['grey', undefined],
    ['hidden', false],
  ] as const)
    await addModel(join(folder, 'gray.onnx'), {
      id,
      edge,
      folder,
      fit: 'exact',
      normalisation: { ...normalisation, mean: [0.13], std: [0.31] },
    });
  const credits = [...photos.keys(), 'larger.png'].map((file) => ({
    ...{ file, author: 'a test', licence: 'CC0-1.0', source: 'https://example.org' },
  }));
  await writeFile(join(folder, 'credits.json'), JSON.stringify(credits));
  const study = {
    ...{ id: 'exact', title: 'Grey digits', canvas: side, models: ['./grey.json', './hidden.json'] },
    photos: { folder: 'photos', credits: 'credits.json', publish: true },
    perturbations: [{ attack: 'sgd-uap', epsilon: 40, surrogates: ['grey'], budget: { gradients: 400 } }],
    release: { version: '1.0.0' },
  };
  await writeFile(join(folder, 'study.json'), JSON.stringify(study));
  ({ release } = await runStudy({
    ...{ study: join(folder, 'study.json'), out: join(folder, 'out'), provider: 'cpu', workers: 1 },
    onEvent: (event) => event.event === 'notice' && notices.push(event.text),
  }));
  const latest = JSON.parse(await readFile(join(release, 'latest.json'), 'utf8'));
  manifest = JSON.parse(await readFile(join(release, latest.manifest.key), 'utf8'));
  worker = await startWorker({ release });
});
afterAll(async () => {
  await worker?.dispose();
  await rm(folder, { recursive: true, force: true });
});

const readPng = async (bytes: Uint8Array) => (await codecs()).decode(Uint8Array.from(bytes));

describe('the release', () => {
  test('says that photos were taken as they are, and verifies', async () => {
    expect(manifest).toMatchObject({ fit: 'exact', canvas: side });
    expect((await verifyRelease(release)).problems).toEqual([]);
  });

  test('shows the pixels of the photos themselves', async () => {
    const shown = manifest.photos.filter(({ canvas }) => canvas);
    expect(shown.length).toBeGreaterThan(0);
    for (const { file, canvas } of shown) {
      const { data } = await readPng(await readFile(join(release, canvas as string)));
      expect(Buffer.from(data).equals(Buffer.from(photos.get(file) as Uint8Array)), file).toBe(true);
    }
  });

  test('has no photo of another size, of which a notice tells', () => {
    expect(manifest.photos.map(({ file }) => file)).not.toContain('larger.png');
    expect(notices).toContainEqual(expect.stringMatching(/larger\.png: The picture has 30 x 28 pixels/));
  });
});

describe('the Worker', () => {
  const ask = (query: string, body?: Uint8Array<ArrayBuffer>) =>
    fetch(`${worker.url}/api/v1/${query}`, { method: 'POST', body });

  test('reads in a photo what the file itself reads in its grey', async () => {
    const session = await InferenceSession.create(model, { logSeverityLevel: 3 });
    for (const { file, key } of manifest.photos) {
      const data = photos.get(file) as Uint8Array;
      const grey = Float32Array.from({ length: plane }, (_, i) => {
        const luma = 0.299 * data[4 * i] + 0.587 * data[4 * i + 1] + 0.114 * data[4 * i + 2];
        return (luma / 255 - 0.13) / 0.31;
      });
      const { logits } = await session.run({ x: new Tensor('float32', grey, [1, 1, side, side]) });
      const values = logits.data as Float32Array;
      const shares = values.map(Math.exp);
      const sum = shares.reduce((total, share) => total + share, 0);
      const answer = await ask('classify?perturbation=none&top=1', Uint8Array.from(await readFile(join(release, key))));
      const { clean } = (await answer.json()) as { clean: { index: number; probability: number }[] };
      expect(clean[0].index, file).toBe(argmax(values));
      expect(clean[0].probability).toBeCloseTo(shares[argmax(values)] / sum, 4);
    }
  });

  test('says how images become canvases, and gives their own pixels back', async () => {
    const client = atlasClient({ baseUrl: worker.url });
    expect(answerOf(await client.GET('/api/v1/release', {}))).toMatchObject({
      fit: 'exact',
      canvas: side,
    });
    const { data, bytes } = await png(side, side, 1000);
    const answer = await ask('perturb?perturbation=none', bytes);
    expect(
      Buffer.from((await readPng(new Uint8Array(await answer.arrayBuffer()))).data).equals(Buffer.from(data)),
    ).toBe(true);
  });

  test('refuses an image of another size by its name', async () => {
    for (const route of ['classify', 'perturb']) {
      const answer = await ask(route, (await png(30, side, 5)).bytes);
      expect([answer.status, await answer.json()]).toEqual([
        422,
        expect.objectContaining({
          type: '/problems/image-not-exact',
          detail: expect.stringMatching(/30 x 28 .*28 x 28/),
        }),
      ]);
    }
  });

  test('says of a model that is too large by how much', () => {
    const [served, hidden] = manifest.models;
    const large = { ...manifest, models: [served, { ...hidden, bytes: edgeModelBytes + 2_300_000 }] };
    const why = expect.stringMatching(/prepared it has 12\.3 MB, and at most 10\.0 MB fit/);
    expect(() => chooseModel(large, 'hidden')).toThrow(expect.objectContaining({ message: why }));
  });

  test('serves the small model, and says of the other how it is offered', async () => {
    expect(manifest.models.map(({ card, edge }) => [card.id, edge])).toEqual([
      ['grey', true],
      ['hidden', false],
    ]);
    const answer = await ask('classify?model=hidden', (await png(side, side, 6)).bytes);
    expect([answer.status, await answer.json()]).toEqual([
      422,
      expect.objectContaining({
        type: '/problems/model-not-at-edge',
        known: ['grey'],
        detail: expect.stringMatching(/it is not offered.*"edge": false.*models add --edge/),
      }),
    ]);
    const unknown = await ask('classify?model=other', (await png(side, side, 6)).bytes);
    expect([unknown.status, await unknown.json()]).toEqual([
      404,
      expect.objectContaining({ detail: expect.stringContaining('has no model "other"') }),
    ]);
  });
});
