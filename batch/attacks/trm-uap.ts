/**
 * TRM-UAP: Y. Liu, X. Feng, Y. Wang, W. Yang, D. Ming, "TRM-UAP: Enhancing the transferability of data-free universal
 * adversarial perturbation via truncated ratio maximization", ICCV 2023.
 *
 *   max_v  sum_l log (|a_l+(x + v)|_2 / |a_l-(x + v)|_2)   with |v|_p <= epsilon,
 * a_l+ and a_l- the positive and the negative outputs of convolution l, over the first 80 % of the layers (the
 * truncation). x are jigsaw pictures of random colours that get finer as crafting goes on, from 2 to 16 cells a side
 * (the curriculum): no photo is needed. Adam in the paper, whose step of 0.1 on pixels of 0..1 is larger than the
 * bound, so that it moves like a sign step: here the sign of a momentum.
 */
import { z } from 'zod';
import { paintJigsaw, random } from '../synthetic/index.ts';
import { attack } from './attack.ts';
import { descend, noiseStart } from './descend.ts';
import { activationRatio } from './objectives.ts';
import type { Pictures } from './pictures.ts';
import { ensembleSetting, photoSettings, startSetting, stepSettings } from './settings.ts';
import type { Surrogates } from './surrogates.ts';

export const trmUap = attack({
  name: 'trm-uap',
  source: import.meta.url,
  summary:
    'Raises the ratio of positive to negative activations in the earlier layers, on jigsaw pictures in place of photos.',
  paper: {
    authors: 'Y. Liu, X. Feng, Y. Wang, W. Yang, D. Ming',
    title:
      'TRM-UAP: Enhancing the transferability of data-free universal adversarial perturbation via truncated ratio maximization',
    year: 2023,
    venue: 'ICCV',
  },
  usesModel: true,
  dataFree: () => true,
  ensembles: true,
  keeps: 'best',
  settings: z.strictObject({
    depth: z
      .number()
      .gt(0)
      .max(1)
      .default(0.8)
      .describe('share of the layers, counted from the input, that the loss includes'),
    finest: z
      .int()
      .min(2)
      .max(64)
      .default(16)
      .describe('cells along each side of the last jigsaw pictures; the first have 2'),
    batch: photoSettings.batch.default(10).describe('pictures of a step'),
    ...stepSettings,
    start: startSetting.start.default(1),
    ...ensembleSetting,
  }),
  begin: (surrogates, budget, settings) =>
    descend(surrogates, budget, settings, {
      objective: activationRatio(settings),
      pictures: jigsaws(surrogates, settings.finest),
      start: noiseStart(surrogates, settings.start),
    }),
});

function jigsaws({ task, length }: Surrogates, finest: number): Pictures {
  const { size } = task.photos;
  const draw = random(task.seed, 'jigsaw');
  const picture = new Float32Array(length);
  return {
    state: { jigsaw: draw.state },
    next(count, _v, progress) {
      const cells = 2 + Math.round((finest - 2) * progress);
      const pixels = new Uint8Array(new SharedArrayBuffer(count * length));
      for (let i = 0; i < count; i++) {
        paintJigsaw(picture, size, Math.min(cells, size), draw);
        pixels.set(picture, i * length);
      }
      const items = Array.from({ length: count }, (_, photo) => ({ photo, flip: false }));
      return { items, photos: { pixels, size } };
    },
  };
}
