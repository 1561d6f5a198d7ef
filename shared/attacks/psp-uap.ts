/**
 * PSP-UAP: C. Lee, Y. Song, J. Son, "Data-free universal adversarial perturbation with pseudo-semantic prior", CVPR
 * 2025.
 *
 *   max_v  sum_i w_i sum_l log |a_l(x_i + v)|_2   with |v|_p <= epsilon,
 * x_i random crops, of 8 to 100 % of the area and enlarged to the full size, of v itself on grey noise: v grows the
 * semantics that it is crafted on, and no photo is needed. w_i = sqrt(1 / KL(f(x_i) | f(x_i + v))), at a temperature,
 * scaled to a mean of 1: samples whose answers v hardly changes yet weigh more.
 *
 * The noise (standard deviation 10 at first, growing to 127) is the paper's curriculum; its code smooths it (`smooth`)
 * and looks at convolutions before normalisation and activation (`layers`). Of its samples, v with them, a third each
 * are scaled in contrast (`scaling`), turned and shuffled, of which the last two would move the gradient back through
 * both; here the samples alone are mirrored, moved and enlarged. Adam in the paper, with a step larger than the bound
 * (2.55 epsilon) and halving of v; here the sign of a momentum. Temperature and depth are found network by network in
 * the paper (1 to 10, 0.2 to 1).
 */
import { z } from 'zod';
import type { Item } from '#shared/compute';
import { sharedBytes } from '#shared/memory';
import { softmax } from '#shared/metrics';
import { cropOf, random } from '#shared/synthetic';
import { attack } from './attack.ts';
import { descend, noiseStart } from './descend.ts';
import { activationEnergy } from './objectives.ts';
import { type Pictures, photosInOrder } from './pictures.ts';
import { smoothedNoise } from './priors.ts';
import { halving } from './saturation.ts';
import { descentSettings, ensembleSetting, halveSetting, startSetting } from './settings.ts';
import type { Surrogates } from './surrogates.ts';
import type { Pixels } from './types.ts';

const schema = z.strictObject({
  depth: z
    .number()
    .gt(0)
    .max(1)
    .default(1)
    .describe('share of the layers, counted from the input, that the loss includes'),
  temperature: z
    .number()
    .gt(0)
    .default(5)
    .describe('temperature of the softmax that the weights of the crops come from'),
  layers: z
    .enum(['activated', 'linear'])
    .default('activated')
    .describe('outputs of the layers: after normalisation and activation, or before, as in the published code'),
  smooth: z
    .boolean()
    .default(false)
    .describe('resize, turn, mirror, blur and crop the noise under v, as in the published code'),
  scaling: z
    .boolean()
    .default(false)
    .describe('every third sample and v on it with 0.8 to 4 times their contrast, as in the published code'),
  ...descentSettings,
  ...halveSetting,
  batch: descentSettings.batch.default(10).describe('crops of a step'),
  zoom: descentSettings.zoom.default(0.25),
  start: startSetting.start.default(1),
  ...ensembleSetting,
});

export const pspUap = attack({
  name: 'psp-uap',
  source: import.meta.url,
  summary:
    'Raises the activations of every layer on crops of the perturbation itself; crops whose predictions it hardly changes yet weigh more.',
  paper: {
    authors: 'C. Lee, Y. Song, J. Son',
    title: 'Data-free universal adversarial perturbation with pseudo-semantic prior',
    year: 2025,
    venue: 'CVPR',
  },
  usesModel: true,
  dataFree: () => true,
  ensembles: true,
  keeps: 'best',
  settings: schema,
  begin: (surrogates, budget, settings) =>
    descend(surrogates, budget, settings, {
      objective: activationEnergy({ depth: settings.depth, of: settings.layers }),
      pictures: crops(surrogates, settings),
      start: noiseStart(surrogates, settings.start),
      ...(settings.halve && halving(surrogates.task)),
    }),
});

/** Random crops of v itself on grey noise that grows, each with its weight. */
function crops(surrogates: Surrogates, settings: z.infer<typeof schema>): Pictures {
  const { task, length } = surrogates;
  const { seed, photos } = task;
  const { size } = photos;
  const draw = random(seed, 'crops');
  const scales = random(seed, 'scales');
  const places = photosInOrder(
    { crafting: Array.from({ length: settings.batch }, (_, i) => i), photos, seed },
    settings,
  );
  const prior = new Float32Array(length);
  const sample = new Float32Array(length);
  return {
    state: { crops: draw.state, places: places.state, scales: scales.state },
    async next(count, v, progress) {
      const spread = 10 + 117 * progress;
      const pixels = sharedBytes(settings.batch * length);
      const noise = settings.smooth ? smoothedNoise(size, progress, draw) : null;
      for (let i = 0; i < prior.length; i++) prior[i] = (noise ? noise[i] : 127.5 + spread * draw.normal()) + v[i];
      for (let i = 0; i < settings.batch; i++) {
        cropOf(prior, size, draw, sample);
        for (let k = 0; k < sample.length; k++)
          pixels[i * length + k] = Math.round(Math.min(255, Math.max(0, sample[k])));
      }
      const samples = { pixels, size };
      const items = places.next(count).map((item): Item => {
        if (!settings.scaling || scales.uniform() >= 1 / 3) return { ...item, row: undefined };
        return { ...item, row: undefined, contrast: 0.8 + 3.2 * scales.uniform() };
      });
      const weights = await weigh(surrogates, samples, items, v, settings.temperature);
      return {
        // What v does to a sample grows with its contrast, and so does the gradient.
        items: items.map((item, i) => ({ ...item, weight: weights[i] * (item.contrast ?? 1) })),
        photos: samples,
      };
    },
  };
}

/** A weight for every sample: the less v changes the surrogates' answers to it, the larger. */
async function weigh(
  surrogates: Surrogates,
  photos: Pixels,
  items: Item[],
  v: Float32Array,
  temperature: number,
): Promise<number[]> {
  const weights = items.map(() => 0);
  for (const view of surrogates.views) {
    const { classes } = view;
    const look = (perturbation: Float32Array | null) =>
      surrogates.predict(view, items, perturbation, { photos, rule: 'clipped' });
    const [plain, turned] = [(await look(null)).logits, (await look(v)).logits];
    items.forEach((_, i) => {
      const row = (logits: Float32Array) =>
        softmax(logits.subarray(i * classes, (i + 1) * classes).map((value) => value / temperature));
      const [p, q] = [row(plain), row(turned)];
      const divergence = p.reduce(
        (sum, share, k) => sum + (share > 0 ? share * Math.log(share / Math.max(q[k], 1e-12)) : 0),
        0,
      );
      // A sample that v has not touched at all would weigh infinitely much.
      weights[i] += Math.sqrt(1 / Math.max(divergence, 1e-4));
    });
  }
  const mean = weights.reduce((sum, weight) => sum + weight, 0) / weights.length;
  return weights.map((weight) => weight / mean);
}
