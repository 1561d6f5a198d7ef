/**
 * TRM-UAP: Y. Liu, X. Feng, Y. Wang, W. Yang, D. Ming, "TRM-UAP: Enhancing the transferability of data-free universal
 * adversarial perturbation via truncated ratio maximization", ICCV 2023.
 *
 *   max_v  sum_l log (|a_l+(x + v)|_2 / |a_l-(x + v)|_2)   with |v|_p <= epsilon,
 * a_l+ and a_l- the positive and the negative outputs of convolution l, over the first 80 % of the layers (the
 * truncation). x are jigsaw pictures of random colours that get finer as crafting goes on, from 2 to 16 cells a side
 * (the curriculum): no photo is needed. Adam in the paper, whose step of 0.1 on pixels of 0..1 is larger than the
 * bound (2.55 epsilon), so that it moves like a sign step: here the sign of a momentum.
 *
 * The published code takes a_l+ where it means a_l-: what it raises is a_l+ alone (`negative` 0). Its depths are found
 * network by network (0.3 to 1), for a_l- others than for a_l+ (`negativeDepth`), AlexNet and VGG look at smoothed
 * noise that grows (`prior`), and v is halved when it is saturated (`halve`).
 */
import { z } from 'zod';
import { sharedBytes } from '#shared/memory';
import { paintJigsaw, random } from '#shared/synthetic';
import { attack } from './attack.ts';
import { descend, noiseStart } from './descend.ts';
import { activationRatio } from './objectives.ts';
import type { Pictures } from './pictures.ts';
import { growingNoise } from './priors.ts';
import { halving } from './saturation.ts';
import { ensembleSetting, halveSetting, photoSettings, startSetting, stepSettings } from './settings.ts';
import type { Surrogates } from './surrogates.ts';

const schema = z.strictObject({
  depth: z
    .number()
    .gt(0)
    .max(1)
    .default(0.8)
    .describe('share of the layers, counted from the input, that the loss includes'),
  negative: z
    .number()
    .min(0)
    .max(4)
    .default(1)
    .describe(
      'weight of the negative outputs in the ratio; 0 leaves the positive ones alone, which is all that the published code raises',
    ),
  negativeDepth: z
    .number()
    .gt(0)
    .max(1)
    .optional()
    .describe('share of the layers whose negative outputs count; left out: depth'),
  prior: z
    .enum(['jigsaw', 'noise'])
    .default('jigsaw')
    .describe(
      'what v is added to: jigsaw pictures that get finer, or smoothed noise that gets stronger (the published code takes noise for AlexNet and VGG)',
    ),
  finest: z
    .int()
    .min(2)
    .max(64)
    .default(16)
    .describe('cells along each side of the last jigsaw pictures; the first have 2'),
  batch: photoSettings.batch.default(10).describe('pictures of a step'),
  ...stepSettings,
  ...halveSetting,
  start: startSetting.start.default(1),
  ...ensembleSetting,
});

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
  settings: schema,
  begin: (surrogates, budget, settings) =>
    descend(surrogates, budget, settings, {
      objective: activationRatio(ratioOf(settings)),
      pictures: settings.prior === 'noise' ? growingNoise(surrogates.task) : jigsaws(surrogates, settings.finest),
      start: noiseStart(surrogates, settings.start),
      ...(settings.halve && halving(surrogates.task)),
    }),
});

const ratioOf = ({ depth, negative, negativeDepth = depth }: z.infer<typeof schema>) => ({
  ...{ depth, negative, negativeDepth },
});

function jigsaws({ task, length }: Surrogates, finest: number): Pictures {
  const { size } = task.photos;
  const draw = random(task.seed, 'jigsaw');
  const picture = new Float32Array(length);
  return {
    state: { jigsaw: draw.state },
    next(count, _v, progress) {
      const cells = 2 + Math.round((finest - 2) * progress);
      const pixels = sharedBytes(count * length);
      for (let i = 0; i < count; i++) {
        paintJigsaw(picture, size, Math.min(cells, size), draw);
        pixels.set(picture, i * length);
      }
      const items = Array.from({ length: count }, (_, photo) => ({ photo, flip: false }));
      return { items, photos: { pixels, size } };
    },
  };
}
