/** What surrogates say of crafting photos is asked once in a study, and every craft begins with its own part of it. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { craft } from '#shared/attacks';
import { readNpy } from '#shared/formats';
import { random, syntheticPictures } from '#shared/synthetic';
import { openCompute } from '../../batch/compute/index.ts';
import { loadPhotos } from '../../batch/photos/index.ts';
import { runStudy, type StudyEvent } from '../../batch/studies/index.ts';
import { loadCard, prepareModel } from '../../batch/zoo/index.ts';
import { writeSmallStudy } from './small-study.ts';

const recipe = { attack: 'house', epsilon: 20, budget: { gradients: 200 } };

test('a study crafts what a craft by itself does, on all photos, on some and on none, on one network and on two', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'atlas-looked-'));
  const compute = await openCompute({ provider: 'cpu', workers: 1 });
  try {
    const wanted = [
      { surrogates: ['linear1'], photos: undefined },
      { surrogates: ['linear1'], photos: 5 },
      { surrogates: ['linear1'], photos: 0 },
      { surrogates: ['linear1+linear2'], photos: undefined },
    ];
    const perturbations = wanted.map((one) => ({ ...recipe, ...one }));
    const study = await writeSmallStudy(folder, { perturbations, analyses: ['transfer'] });
    const events: StudyEvent[] = [];
    const out = join(folder, 'out');
    await runStudy({ study, out, provider: 'cpu', workers: 2, onEvent: (event) => events.push(event) });
    const done = events.filter(({ event, stage }) => event === 'job' && stage === 'looked');
    expect(done.map(({ job }) => job)).toEqual(['linear1', 'linear2']);

    const { manifest } = JSON.parse(await readFile(join(out, 'release', 'latest.json'), 'utf8'));
    const release = JSON.parse(await readFile(join(out, 'release', manifest.key), 'utf8'));
    const photos = await loadPhotos([join(folder, 'photos')], { canvas: 8, half: 'crafting' });
    const all = photos.names.map((_, index) => index);
    const drawn = syntheticPictures({ kinds: ['patterns'], count: all.length, size: 8, seed: 1 });
    for (const [i, { surrogates, photos: some }] of wanted.entries()) {
      const models = await Promise.all(
        surrogates[0].split('+').map(async (id) => {
          const { bytes, sha256 } = await prepareModel(await loadCard(`./${id}.json`, folder), 8);
          return { id, bytes, sha256 };
        }),
      );
      const alone = await craft({
        ...{ ...recipe, compute, surrogates: models, norm: 'inf', seed: 1 },
        photos: { pixels: some === 0 ? drawn : photos.pixels, size: 8 },
        crafting: some ? random(1, 'fewer photos').order(all.length).slice(0, some) : all,
      });
      const { npy } = release.perturbations[i];
      expect(readNpy(await readFile(join(out, 'release', npy))).data, npy).toEqual(alone.v);
    }
  } finally {
    await compute.close();
    await rm(folder, { recursive: true, force: true });
  }
});
