/**
 * The house recipe: what the ablation in docs/algorithms.md left standing. The loss of Cosine-UAP (C. Zhang, P. Benz, A. Karjauv, I. S. Kweon, "Data-free
 * universal adversarial perturbation and black-box attack", ICCV 2021), less what all photos share:
 *   min_v  mean_x cos(f(x + v) - c, f(x) - c)   with |v|_p <= epsilon,
 * c the mean clean logits of the crafting photos. Networks whose logits end in a ReLU (SqueezeNet) are not centred: near the floor of all their logits
 * f(x + v) - c points away from f(x) - c whatever the label, so that the cosine falls and few photos are fooled.
 *
 * Steps along the sign of an L1-normalised momentum of 0.95 (norm 2: along the momentum) begin at epsilon / 5, where v crosses the ball in ten steps, and
 * die away to a fiftieth of that, where it settles. Photos are mirrored, moved and enlarged by up to 30 %, so that few of them are not learnt by heart.
 */
import { z } from 'zod';
import { softmax } from '#shared/metrics';
import { attack } from './attack.ts';
import { descend, noiseStart } from './descend.ts';
import { cosine } from './objectives.ts';
import { descentSettings, ensembleSetting, startSetting, targetSetting } from './settings.ts';
import type { Side } from './types.ts';
import type { Work } from './work.ts';

export const house = attack({
  name: 'house',
  summary:
    'Our own recipe: the cosine of centred logits, long momentum, large steps that die away, photos that never look the same twice.',
  paper: null,
  usesModel: true,
  ensembles: true,
  keeps: 'last',
  settings: z.strictObject({
    ...descentSettings,
    step: descentSettings.step.default(0.2),
    decayTo: descentSettings.decayTo.default(0.02),
    momentum: descentSettings.momentum.default(0.95),
    zoom: descentSettings.zoom.default(0.3),
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
        'craft on this many of the photos: those that the surrogate is surest of, of as many classes as there are',
      ),
    ...startSetting,
    ...targetSetting,
    ...ensembleSetting,
  }),
  begin: (work, of) =>
    descend(work, of, {
      objective: cosine({ centred: (side) => of.centred ?? Number(!endsInRelu(side)), target: of.target }),
      start: noiseStart(work, of.start),
      positions: of.pick === undefined ? undefined : surest(work, of.pick),
    }),
});

/**
 * Positions of the photos that the surrogates say most about: the surest of every class first, then the second of every class, and so on. Pictures from a
 * seed are free, and most of them are nothing to a classifier.
 */
function surest({ sides, task }: Work, count: number): number[] {
  const sureness = task.crafting.map((_, position) =>
    sides.reduce((sum, { clean, classes, labels }) => {
      const row = 2 * position;
      return sum + softmax(clean.subarray(row * classes, (row + 1) * classes))[labels[row]];
    }, 0),
  );
  const inOrder = [...sureness.keys()].sort((a, b) => sureness[b] - sureness[a] || a - b);
  const seen = new Map<number, number>();
  const rank = new Map(
    inOrder.map((position) => {
      const label = sides[0].labels[2 * position];
      const before = seen.get(label) ?? 0;
      seen.set(label, before + 1);
      return [position, before];
    }),
  );
  // A stable sort: within a rank the surest stay first.
  return inOrder.sort((a, b) => (rank.get(a) as number) - (rank.get(b) as number)).slice(0, count);
}

const endsInRelu = ({ clean }: Side) => clean.every((value) => value >= 0);
