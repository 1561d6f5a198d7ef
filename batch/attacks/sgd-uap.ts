/**
 * SGD-UAP: A. Shafahi, M. Najibi, Z. Xu, J. Dickerson, L. S. Davis, T. Goldstein, "Universal adversarial training", 2018, arXiv 1811.11304
 * (AAAI 2020), algorithm 2 and its clamped loss (equation 5).
 *
 *   max_v  mean_x min(CE(f(x + v), y), beta)   with |v|_p <= epsilon,
 * by v <- project(v + a sign(m)), m the momentum of the gradient (momentum 0 is the paper's plain sign step). Photos whose loss has passed beta stop
 * pulling, so that no single photo runs away with the sum. y: the labels that the surrogate itself gives the clean photos, so that none are needed.
 */
import { z } from 'zod';
import { descend, labelsOf } from './descend.ts';
import { descentSettings, optimiserOf } from './settings.ts';
import { attack } from './types.ts';

const settings = z.strictObject({
  clamp: z
    .number()
    .gt(0)
    .default(9)
    .describe('beta: loss in nats above which a photo no longer pulls; 9 for 1000 classes'),
  ...descentSettings,
});

export const sgdUap = attack({
  name: 'sgd-uap',
  summary:
    'Stochastic gradient steps up the clamped cross-entropy of the labels that the surrogate gives the clean photos.',
  paper: {
    authors: 'A. Shafahi, M. Najibi, Z. Xu, J. Dickerson, L. S. Davis, T. Goldstein',
    title: 'Universal adversarial training',
    year: 2018,
    venue: 'AAAI 2020',
    arxiv: '1811.11304',
  },
  usesModel: true,
  settings,
  craft(task, of) {
    const length = 3 * task.photos.size ** 2;
    return descend(task, {
      loss: { kind: 'cross-entropy', clampAt: of.clamp },
      direction: -1,
      optimiser: optimiserOf(of, task, length),
      batch: of.batch,
      flips: of.flips,
      shift: of.shift,
      start: new Float32Array(length),
      inputs: (clean, classes) => ({ tables: { labels: { data: labelsOf(clean, classes), width: 1 } } }),
    });
  },
});
