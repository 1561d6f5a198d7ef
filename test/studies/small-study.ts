import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PhotoCredit } from '#shared/release';
import { root } from '../cli/atlas.ts';
import { tinyModel } from '../support/tiny-model.ts';

/**
 * A study that few seconds are enough for: two linear classifiers on canvases of 8 x 8 pixels, and some of the starter
 * photos, one of them without a credit.
 */
export async function writeSmallStudy(folder: string, change: Record<string, unknown> = {}): Promise<string> {
  await mkdir(join(folder, 'photos'), { recursive: true });
  for (const seed of [1, 2]) {
    const { bytes, sha256, size, classes } = tinyModel({ seed });
    await writeFile(join(folder, `linear${seed}.onnx`), bytes);
    const preprocessing = {
      inputSize: size,
      channelOrder: 'RGB',
      layout: 'NCHW',
      range: 255,
      mean: [0, 0, 0],
      std: [1, 1, 1],
    };
    const card = {
      ...{ id: `linear${seed}`, title: `Linear ${seed}`, licence: 'MIT', preprocessing, classes },
      source: { file: `linear${seed}.onnx`, sha256, bytes: bytes.byteLength },
      ...{ labels: null, published: null, edge: true },
    };
    await writeFile(join(folder, `linear${seed}.json`), JSON.stringify(card));
  }
  const zoo = join(root, 'zoo', 'starter');
  const credits: PhotoCredit[] = JSON.parse(await readFile(join(zoo, 'photos.json'), 'utf8'));
  const chosen = credits.slice(0, 24);
  for (const { file } of chosen) await copyFile(join(zoo, 'photos', file), join(folder, 'photos', file));
  await writeFile(join(folder, 'credits.json'), JSON.stringify(chosen.slice(1)));
  const study = {
    id: 'small',
    title: 'A small study',
    canvas: 8,
    models: ['./linear1.json', './linear2.json'],
    photos: { folder: 'photos', credits: 'credits.json', publish: true },
    perturbations: [
      { attack: 'sgd-uap', epsilon: 20, budget: { gradients: 2000 } },
      { attack: 'noise', epsilon: 20 },
    ],
    release: { version: '1.2.3' },
    ...change,
  };
  const path = join(folder, 'study.json');
  await writeFile(path, JSON.stringify(study));
  return path;
}
