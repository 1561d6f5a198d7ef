/**
 * SGD-UAP: A. Shafahi, M. Najibi, Z. Xu, J. Dickerson, L. S. Davis, T. Goldstein, "Universal adversarial training",
 * 2018, arXiv 1811.11304 (AAAI 2020), algorithm 2 and its clamped loss (equation 5).
 *
 *   max_v  mean_x min(CE(f(x + v), y), beta)   with |v|_p <= epsilon,
 * by v <- project(v + a sign(m)), m the momentum of the gradient (momentum 0 is the paper's plain sign step). Photos
 * whose loss is above beta have no gradient, so that no single photo dominates the sum. y: the labels that the
 * surrogate itself gives the clean photos, so that none are needed.
 */
import { z } from 'zod';
import { attack } from './attack.ts';
import { descend } from './descend.ts';
import { crossEntropy } from './objectives.ts';
import { craftingPhotos } from './pictures.ts';
import { descentSettings, ensembleSetting, targetSetting } from './settings.ts';

export const sgdUap = attack({
  name: 'sgd-uap',
  source: import.meta.url,
  summary:
    'Stochastic gradient ascent on the clamped cross-entropy of the labels that the surrogate gives the clean photos.',
  paper: {
    authors: 'A. Shafahi, M. Najibi, Z. Xu, J. Dickerson, L. S. Davis, T. Goldstein',
    title: 'Universal adversarial training',
    year: 2018,
    venue: 'AAAI 2020',
    arxiv: '1811.11304',
  },
  usesModel: true,
  ensembles: true,
  keeps: 'last',
  settings: z.strictObject({
    clamp: z
      .number()
      .gt(0)
      .default(9)
      .describe('beta: loss in nats above which a photo has no gradient any more; 9 for 1000 classes'),
    ...descentSettings,
    ...targetSetting,
    ...ensembleSetting,
  }),
  begin: (surrogates, budget, settings) =>
    descend(surrogates, budget, settings, {
      objective: crossEntropy({ clampAt: settings.clamp, target: settings.target }),
      pictures: craftingPhotos(surrogates.task, settings),
    }),
});
