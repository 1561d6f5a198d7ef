/**
 * DF-UAP: C. Zhang, P. Benz, T. Imtiaz, I. S. Kweon, "Understanding adversarial examples from the mutual influence of
 * images and perturbations", CVPR 2020, arXiv 2007.06189.
 *
 *   max_v  mean_x min(max_{j != y} f_j(x + v) - f_y(x + v), kappa)   with |v|_p <= epsilon,
 * y the label of the clean photo: photos that are misread by more than kappa have no gradient. Towards a target t it is
 * the margin of t that grows (there without a clamp). Adam with a step of 0.005 on pixels of 0..1 (0.1275 of an epsilon
 * of 10/255), batches of 32 and kappa 10 are the paper's; its photos may be of any other data set.
 */
import { z } from 'zod';
import { attack } from './attack.ts';
import { descend } from './descend.ts';
import { margin } from './objectives.ts';
import { craftingPhotos } from './pictures.ts';
import { descentSettings, ensembleSetting, targetSetting } from './settings.ts';

export const dfUap = attack({
  name: 'df-uap',
  source: import.meta.url,
  summary: "Raises the strongest wrong logit above the clean label's, up to a margin, with Adam.",
  paper: {
    authors: 'C. Zhang, P. Benz, T. Imtiaz, I. S. Kweon',
    title: 'Understanding adversarial examples from the mutual influence of images and perturbations',
    year: 2020,
    venue: 'CVPR',
    arxiv: '2007.06189',
  },
  usesModel: true,
  ensembles: true,
  keeps: 'last',
  settings: z.strictObject({
    ...descentSettings,
    kappa: z.number().gt(0).default(10).describe('margin between logits above which a photo has no gradient any more'),
    optimiser: descentSettings.optimiser.default('adam'),
    step: descentSettings.step.default(0.1275),
    decayTo: descentSettings.decayTo.default(1),
    batch: descentSettings.batch.default(32),
    ...targetSetting,
    ...ensembleSetting,
  }),
  begin: (surrogates, budget, settings) =>
    descend(surrogates, budget, settings, {
      objective: margin({ clampAt: settings.kappa, target: settings.target }),
      pictures: craftingPhotos(surrogates.task, settings),
    }),
});
