/**
 * GD-UAP: K. R. Mopuri, A. Ganeshan, R. V. Babu, "Generalizable data-free objective for crafting universal adversarial
 * perturbations", TPAMI 2018, arXiv 1801.08092.
 *
 *   max_v  sum_l log |a_l(x + v)|_2   with |v|_p <= epsilon,
 * a_l the activations of layer l: no label is looked at. x is the mean colour (prior `none`: no data), noise with the
 * mean and range of photographs (`range`), or the crafting photos (`data`). As in the published code, noise and photos
 * are resized, turned, mirrored, blurred and cropped before each look (shared/synthetic/augment.ts).
 *
 * Adam with steps of 0.1 pixel values (0.01 of an epsilon of 10), from uniform noise of the bound. Batches of 2, not of
 * 25: with steps so short, what a few thousand gradients reach depends on how many steps they are (docs/algorithms.md).
 * When more than half of the values of v lie at the bound and fewer than one in 100,000 come or go, v is halved, so
 * that it can move again (norm inf). Of all iterates the best on crafting photos is kept; the paper takes photos of
 * another data set.
 */
import { z } from 'zod';
import { attack } from './attack.ts';
import { descend, noiseStart } from './descend.ts';
import { activationEnergy } from './objectives.ts';
import { craftingPhotos, type Pictures } from './pictures.ts';
import { augmentedPhotos, meanCanvas, rangeNoise } from './priors.ts';
import { halving } from './saturation.ts';
import { ensembleSetting, photoSettings, startSetting, stepSettings } from './settings.ts';
import type { CraftInputs } from './types.ts';

const priors = ['none', 'range', 'data'] as const;

const picturesOf: Record<(typeof priors)[number], (task: CraftInputs, of: { augment: boolean }) => Pictures> = {
  none: meanCanvas,
  range: rangeNoise,
  data: (task, { augment }) =>
    augment ? augmentedPhotos(task) : craftingPhotos(task, { flips: false, shift: 0, zoom: 0 }),
};

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
        'what v is added to: none (the mean colour of photographs), range (noise of their mean and range) or data (the photos)',
      ),
    augment: z
      .boolean()
      .default(true)
      .describe(
        'resize, turn, mirror, blur and crop noise and photos before each look, as the published code does; the prior none has nothing to change',
      ),
    depth: z
      .number()
      .gt(0)
      .max(1)
      .default(1)
      .describe('share of the layers, counted from the input, that the loss includes'),
    batch: photoSettings.batch.default(2).describe('pictures of a step; one with the prior none'),
    ...stepSettings,
    optimiser: stepSettings.optimiser.default('adam'),
    step: stepSettings.step.default(0.01),
    decayTo: stepSettings.decayTo.default(1),
    start: startSetting.start.default(1),
    ...ensembleSetting,
  }),
  begin: (surrogates, budget, settings) =>
    descend(surrogates, budget, settings, {
      objective: activationEnergy(settings),
      pictures: picturesOf[settings.prior](surrogates.task, settings),
      start: noiseStart(surrogates, settings.start),
      batchAt: () => (settings.prior === 'none' ? 1 : settings.batch),
      ...halving(surrogates.task),
    }),
});
