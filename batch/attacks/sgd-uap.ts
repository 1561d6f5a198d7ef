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
import { momentumSteps } from './optimisers.ts';
import { attack } from './types.ts';

const settings = z.strictObject({
  clamp: z
    .number()
    .gt(0)
    .default(9)
    .describe('beta: loss in nats above which a photo no longer pulls; 9 for 1000 classes'),
  step: z.number().gt(0).max(2).default(0.1).describe('length of the first step, as a share of epsilon'),
  decayTo: z
    .number()
    .gt(0)
    .max(1)
    .default(0.1)
    .describe('what share of the first step the last one has; half a cosine in between'),
  momentum: z.number().min(0).lt(1).default(0.9).describe('share of the momentum that each step keeps'),
  batch: z.int().min(1).max(1024).default(20).describe('photos of a step'),
  flips: z.boolean().default(true).describe('mirror each photo with probability 1/2'),
  shift: z
    .number()
    .min(0)
    .max(0.5)
    .default(0.07)
    .describe('move each photo by up to this share of its side, right or left, up or down (16 pixels of 224)'),
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
      optimiser: momentumSteps(length, {
        norm: task.norm,
        step: of.step * task.epsilon,
        decayTo: of.decayTo,
        momentum: of.momentum,
      }),
      batch: of.batch,
      flips: of.flips,
      shift: of.shift,
      start: new Float32Array(length),
      inputs: (clean, classes) => ({ tables: { labels: { data: labelsOf(clean, classes), width: 1 } } }),
    });
  },
});
