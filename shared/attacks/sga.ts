/**
 * SGA: X. Liu, Y. Zhong, Y. Zhang, L. Qin, W. Deng, "Enhancing generalization of universal adversarial perturbation
 * through gradient aggregation", ICCV 2023, arXiv 2308.06015.
 *
 * For each large batch a temporary u starts at v and walks through it in small batches: u <- project(u + a sign(g)), g
 * the gradient of the clamped cross-entropy with the clean labels at u. The raw gradients g of the walk are added up,
 * and v takes one step of size a along the sign of their sum (here, as elsewhere, with a momentum that 0 switches off):
 * small batches explore, and each large step follows all of them.
 *
 * The paper draws tens from a large batch of 250 (or 125) photos, again and again: 100 times (50), four looks at each
 * photo in all. It takes 20 rounds over 10,000 photos, which is 800,000 gradients, without momentum and with photos as
 * they are. Here `large` is its large batch, and the whole is large=250, walk=100, momentum=0, flips=false, shift=0.
 * The default is a walk of four small batches through all photos, so that a few thousand gradients give a hundred large
 * steps.
 */
import { z } from 'zod';
import type { Item } from '#shared/compute';
import { project } from '#shared/images';
import { random } from '#shared/synthetic';
import { attack } from './attack.ts';
import { descend, startAt } from './descend.ts';
import { crossEntropy } from './objectives.ts';
import { craftingPhotos, type Pictures, photosInOrder } from './pictures.ts';
import { descentSettings, ensembleSetting, optimiserOf, targetSetting } from './settings.ts';
import type { CraftInputs } from './types.ts';

export const sga = attack({
  name: 'sga',
  source: import.meta.url,
  summary:
    'Takes several steps ahead in small batches, adds up their gradients, and takes one large step along the sum.',
  paper: {
    authors: 'X. Liu, Y. Zhong, Y. Zhang, L. Qin, W. Deng',
    title: 'Enhancing generalization of universal adversarial perturbation through gradient aggregation',
    year: 2023,
    venue: 'ICCV',
    arxiv: '2308.06015',
  },
  usesModel: true,
  ensembles: true,
  keeps: 'last',
  settings: z.strictObject({
    ...descentSettings,
    batch: descentSettings.batch.default(10).describe('photos of a small batch'),
    walk: z.int().min(1).max(1000).default(4).describe('small batches whose gradients are added up before v moves'),
    large: z
      .int()
      .min(1)
      .max(10_000)
      .optional()
      .describe(
        'photos of a large batch that the small batches of a walk are drawn from, again and again; left out: they follow each other through all photos',
      ),
    decayTo: descentSettings.decayTo.default(1),
    clamp: z.number().gt(0).default(9).describe('beta: loss in nats above which a photo has no gradient any more'),
    ...targetSetting,
    ...ensembleSetting,
  }),
  begin(surrogates, budget, settings) {
    const large = settings.large === undefined ? null : redrawn(surrogates.task, settings, settings.large);
    return descend(surrogates, budget, settings, {
      objective: crossEntropy({ clampAt: settings.clamp, target: settings.target }),
      pictures: large ?? craftingPhotos(surrogates.task, settings),
      async direction(gradientAt, v, progress) {
        const { length, task, models } = surrogates;
        large?.refill();
        const ahead = optimiserOf({ ...settings, optimiser: 'sign-momentum', momentum: 0 }, task, length);
        const u = startAt(length, v);
        const sum = new Float32Array(length);
        for (let i = 0; i < settings.walk && budget.left >= models; i++) {
          const gradient = await gradientAt(u);
          for (let k = 0; k < sum.length; k++) sum[k] += gradient[k];
          ahead.step(u, gradient, progress);
          project(u, task.norm, task.epsilon);
        }
        return sum;
      },
    });
  },
});

/**
 * Small batches that are drawn, without repetition within one, from the same large batch until it is filled anew: that
 * is at the beginning of every step, so that no checkpoint needs to remember it.
 */
function redrawn(
  task: CraftInputs,
  settings: Parameters<typeof photosInOrder>[1],
  size: number,
): Pictures & { refill(): void } {
  const photos = photosInOrder(task, settings);
  const draw = random(task.seed, 'small batches');
  let batch: Item[] = [];
  return {
    state: { photos: photos.state, draw: draw.state },
    refill() {
      batch = photos.next(Math.min(size, task.crafting.length));
    },
    next: (count) => ({
      items: draw
        .order(batch.length)
        .slice(0, count)
        .map((place) => batch[place]),
    }),
  };
}
