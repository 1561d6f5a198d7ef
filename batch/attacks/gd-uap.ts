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
import { descend, noiseStart } from './descend.ts';
import { activationEnergy } from './objectives.ts';
import { craftingPhotos, type Pictures, photosInOrder } from './pictures.ts';
import { descentSettings, ensembleSetting, startSetting } from './settings.ts';
import type { Surrogates } from './surrogates.ts';

const priors = ['none', 'range', 'data'] as const;

export const gdUap = attack({
  name: 'gd-uap',
  source: import.meta.url,
  summary: 'Raises the activations of every layer, without labels and, by default, without photos.',
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
    depth: z
      .number()
      .gt(0)
      .max(1)
      .default(1)
      .describe('share of the layers, counted from the input, that the loss includes'),
    ...descentSettings,
    optimiser: descentSettings.optimiser.default('adam'),
    step: descentSettings.step.default(0.01),
    decayTo: descentSettings.decayTo.default(1),
    batch: descentSettings.batch.default(10),
    shift: descentSettings.shift.default(0),
    start: startSetting.start.default(1),
    ...ensembleSetting,
  }),
  begin(surrogates, budget, settings) {
    const { norm, epsilon } = surrogates.task;
    const state = { saturated: 0 };
    return descend(surrogates, budget, settings, {
      objective: activationEnergy(settings),
      pictures:
        settings.prior === 'data' ? craftingPhotos(surrogates.task, settings) : priorPictures(surrogates, settings),
      start: noiseStart(surrogates, settings.start),
      batchAt: () => (settings.prior === 'none' ? 1 : settings.batch),
      state,
      afterStep(v) {
        if (norm === '2') return;
        const before = state.saturated;
        state.saturated = shareAtBound(v, epsilon);
        if (state.saturated > 0.5 && Math.abs(state.saturated - before) < 1e-5) {
          for (let i = 0; i < v.length; i++) v[i] = Math.max(-epsilon, Math.min(epsilon, v[i])) / 2;
        }
      },
    });
  },
});

/**
 * The grey canvas, or 64 canvases of noise with the mean and the standard deviation that ImageNet's photographs have.
 */
function priorPictures(
  { task: { photos, seed }, length }: Surrogates,
  settings: Parameters<typeof photosInOrder>[1] & { prior: string },
): Pictures {
  const isGrey = settings.prior === 'none';
  const count = isGrey ? 1 : 64;
  const { size } = photos;
  const pixels = new Uint8Array(new SharedArrayBuffer(count * length));
  const draw = random(seed, 'range prior');
  const [means, deviations] = [
    [124, 116, 104],
    [58, 57, 57],
  ];
  for (let i = 0; i < pixels.length; i++) {
    const channel = Math.floor(i / (size * size)) % 3;
    const value = isGrey ? 128 : means[channel] + deviations[channel] * draw.normal();
    pixels[i] = Math.round(Math.min(255, Math.max(0, value)));
  }
  const crafting = Array.from({ length: count }, (_, i) => i);
  const inOrder = photosInOrder({ crafting, photos, seed }, settings);
  return {
    state: inOrder.state,
    // The row is what ties an item to a crafting photo; these pictures are none.
    next: (wanted) => ({
      items: inOrder.next(wanted).map((item) => ({ ...item, row: undefined })),
      photos: { pixels, size },
    }),
  };
}

function shareAtBound(v: Float32Array, epsilon: number): number {
  const bound = Math.min(epsilon, linfNorm(v)) * (1 - 1e-6);
  let at = 0;
  for (const value of v) if (Math.abs(value) >= bound) at++;
  return at / v.length;
}
