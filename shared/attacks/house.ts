/**
 * The house recipe: what the ablation in docs/algorithms.md left standing. The loss of Cosine-UAP (C. Zhang, P. Benz,
 * A. Karjauv, I. S. Kweon, "Data-free universal adversarial perturbation and black-box attack", ICCV 2021), less what
 * all photos share:
 *   min_v  mean_x cos(f(x + v) - c, f(x) - c)   with |v|_p <= epsilon,
 * c the mean clean logits of the crafting photos. Networks whose logits end in a ReLU (SqueezeNet) are not centred:
 * near the floor of all their logits f(x + v) - c points away from f(x) - c whatever the label, so that the cosine
 * falls and few photos are fooled.
 *
 * On a hardened network the cosine is that of its plain classes, and
 *   evade * mean_x log(1 + exp(t(x + v) - max_k f_k(x + v)))
 * is added, t the logit of "non-natural or tampered with": a photo is fooled only where that class does not win.
 *
 * Steps along the sign of an L1-normalised momentum of 0.95 (norm 2: along the momentum) begin at 0.8 epsilon, where v
 * jumps from corner to corner of the ball and does not stay in the first local minimum, and shrink to a fiftieth of
 * that, where it converges. Each gradient is taken at the point that the momentum leads to (Nesterov). Batches grow
 * from 8 photos to 40: at first a rough direction is enough, and more steps help more than better ones.
 *
 * Photos are mirrored and moved, and enlarged by up to 30 % once each has been seen 40 times: a short craft does not
 * overfit, and a long one does.
 */
import { z } from 'zod';
import { softmax } from '#shared/metrics';
import { attack } from './attack.ts';
import { descend, noiseStart } from './descend.ts';
import { cosine } from './objectives.ts';
import { craftingPhotos } from './pictures.ts';
import { descentSettings, ensembleSetting, evadeSetting, startSetting, targetSetting } from './settings.ts';
import type { Surrogates } from './surrogates.ts';
import type { SurrogateView } from './types.ts';

export const house = attack({
  name: 'house',
  source: import.meta.url,
  summary:
    'Our own recipe: turns centred logits away from the clean ones, with Nesterov momentum, steps that start very large and shrink, and batches that grow.',
  paper: null,
  usesModel: true,
  ensembles: true,
  keeps: 'last',
  settings: z.strictObject({
    ...descentSettings,
    batch: descentSettings.batch.default(8).describe('photos of the first step'),
    batchTo: z.int().min(1).max(1024).default(40).describe('photos of the last step'),
    step: descentSettings.step.default(0.8),
    decayTo: descentSettings.decayTo.default(0.02),
    momentum: descentSettings.momentum.default(0.95),
    lookahead: z
      .boolean()
      .default(true)
      .describe('take each gradient at the point that the momentum leads to (Nesterov); sign-momentum only'),
    zoom: descentSettings.zoom.default(0.3),
    zoomAfter: z
      .int()
      .min(0)
      .default(40)
      .describe('how many times each photo is shown in its own size before it is enlarged'),
    centred: z
      .number()
      .min(0)
      .max(1)
      .optional()
      .describe(
        'share of the mean clean logits that is subtracted first; left out: 1, or 0 where no logit is negative',
      ),
    pick: z
      .int()
      .min(2)
      .optional()
      .describe(
        'craft on this many of the photos: those that the surrogates are most confident of, spread over as many classes as possible',
      ),
    ...startSetting,
    ...targetSetting,
    ...ensembleSetting,
    ...evadeSetting,
  }),
  begin: (surrogates, budget, settings) => {
    const { batch, batchTo, centred, evade, lookahead, pick, start, target } = settings;
    return descend(surrogates, budget, settings, {
      objective: cosine({ centred: (view) => centred ?? Number(!endsInRelu(view)), target, evade }),
      pictures: craftingPhotos(surrogates.task, settings, pick === undefined ? undefined : surest(surrogates, pick)),
      start: noiseStart(surrogates, start),
      batchAt: (progress) => Math.round(batch + (batchTo - batch) * progress),
      lookahead,
    });
  },
});

/**
 * Positions of the photos that the surrogates say most about: the surest of every class first, then the second of every
 * class, and so on. Pictures from a seed are free, and most of them are nothing to a classifier.
 */
function surest({ task, views }: Surrogates, count: number): number[] {
  const sureness = task.crafting.map((_, position) =>
    views.reduce((sum, { clean, classes, labels, surrogate: { tampered = classes } }) => {
      const row = 2 * position;
      return sum + softmax(clean.subarray(row * classes, row * classes + tampered))[labels[row]];
    }, 0),
  );
  const inOrder = [...sureness.keys()].sort((a, b) => sureness[b] - sureness[a] || a - b);
  const seen = new Map<number, number>();
  const rank = new Map(
    inOrder.map((position) => {
      const label = views[0].labels[2 * position];
      const before = seen.get(label) ?? 0;
      seen.set(label, before + 1);
      return [position, before];
    }),
  );
  // A stable sort: within a rank the surest stay first.
  return inOrder.sort((a, b) => (rank.get(a) as number) - (rank.get(b) as number)).slice(0, count);
}

/** That of a hardened network is no output of the network. */
const endsInRelu = ({ clean, classes, surrogate: { tampered } }: SurrogateView) =>
  clean.every((value, i) => value >= 0 || i % classes === tampered);
