/**
 * GD-UAP: K. R. Mopuri, A. Ganeshan, R. V. Babu, "Generalizable data-free objective for crafting universal adversarial
 * perturbations", TPAMI 2018, arXiv 1801.08092.
 *
 *   max_v  sum_l log |a_l(x + v)|_2   with |v|_p <= epsilon,
 * a_l the activations of layer l: no label is looked at. x is the middle grey (prior `none`: no data), noise with the
 * mean and spread of photographs (`range`), or the crafting photos (`data`). Adam with steps of 0.1 pixel values (0.01
 * of an epsilon of 10), from uniform noise of the bound. When more than half of the values of v lie at the bound and
 * fewer than one in 100,000 come or go, v is halved, so that it can move again (norm inf). Of all iterates the best on
 * crafting photos is kept, as in the paper.
 */
import { z } from 'zod';
import { linfNorm } from '#shared/images';
import { random } from '../synthetic/index.ts';
import { attack } from './attack.ts';
import { move, noiseStart, photosInOrder, startAt } from './descend.ts';
import { activationEnergy } from './objectives.ts';
import { descentSettings, ensembleSetting, optimiserOf, startSetting } from './settings.ts';
import type { Pixels } from './types.ts';
import type { Work } from './work.ts';

const priors = ['none', 'range', 'data'] as const;

export const gdUap = attack({
  name: 'gd-uap',
  source: import.meta.url,
  summary: 'Makes every layer fire as strongly as it can, without labels and, by default, without photos.',
  paper: {
    authors: 'K. R. Mopuri, A. Ganeshan, R. V. Babu',
    title: 'Generalizable data-free objective for crafting universal adversarial perturbations',
    year: 2018,
    venue: 'TPAMI',
    arxiv: '1801.08092',
  },
  usesModel: true,
  dataFree: ({ prior }) => prior !== 'data',
  ensembles: true,
  keeps: 'best',
  settings: z.strictObject({
    prior: z
      .enum(priors)
      .default('range')
      .describe(
        'what v is added to: none (middle grey), range (noise with the mean and spread of photographs) or data (the photos)',
      ),
    depth: z.number().gt(0).max(1).default(1).describe('share of the layers, from the first on, that count'),
    ...descentSettings,
    optimiser: descentSettings.optimiser.default('adam'),
    step: descentSettings.step.default(0.01),
    decayTo: descentSettings.decayTo.default(1),
    batch: descentSettings.batch.default(10),
    shift: descentSettings.shift.default(0),
    start: startSetting.start.default(1),
    ...ensembleSetting,
  }),
  begin(work, of) {
    const { norm, epsilon, crafting, seed } = work.task;
    const gradient = work.gradientsOf(activationEnergy({ depth: of.depth }));
    const prior = of.prior === 'data' ? null : priorPictures(of.prior, work);
    // The row is what ties an item to a crafting photo; pictures of a prior are none.
    const photos = photosInOrder({ crafting: prior ? prior.indices : crafting, photos: work.task.photos, seed }, of);
    const next = (count: number) => photos.next(count).map((item) => (prior ? { ...item, row: undefined } : item));
    const optimiser = optimiserOf(of, work.task, work.length);
    const v = startAt(work, noiseStart(work, of.start));
    const state = { v, photos: photos.state, optimiser: optimiser.state, saturated: 0 };
    return {
      state,
      async step() {
        const { progress } = work;
        const wanted = of.prior === 'none' ? 1 : of.batch;
        const found = await gradient(next(work.batch(wanted)), v, prior?.pictures);
        move(work, optimiser, v, found.gradient, progress);
        if (norm === '2') return true;
        const before = state.saturated;
        state.saturated = shareAtBound(v, epsilon);
        if (state.saturated > 0.5 && Math.abs(state.saturated - before) < 1e-5) {
          for (let i = 0; i < v.length; i++) v[i] = Math.max(-epsilon, Math.min(epsilon, v[i])) / 2;
        }
        return true;
      },
    };
  },
});

/**
 * The grey canvas, or 64 canvases of noise with the mean and the standard deviation that ImageNet's photographs have.
 */
function priorPictures(prior: 'none' | 'range', work: Work): { pictures: Pixels; indices: number[] } {
  const { size } = work.task.photos;
  const count = prior === 'none' ? 1 : 64;
  const pixels = new Uint8Array(new SharedArrayBuffer(count * work.length));
  const draw = random(work.task.seed, 'range prior');
  const [means, deviations] = [
    [124, 116, 104],
    [58, 57, 57],
  ];
  for (let i = 0; i < pixels.length; i++) {
    const channel = Math.floor(i / (size * size)) % 3;
    const value = prior === 'none' ? 128 : means[channel] + deviations[channel] * draw.normal();
    pixels[i] = Math.round(Math.min(255, Math.max(0, value)));
  }
  return { pictures: { pixels, size }, indices: Array.from({ length: count }, (_, i) => i) };
}

function shareAtBound(v: Float32Array, epsilon: number): number {
  const bound = Math.min(epsilon, linfNorm(v)) * (1 - 1e-6);
  let at = 0;
  for (const value of v) if (Math.abs(value) >= bound) at++;
  return at / v.length;
}
