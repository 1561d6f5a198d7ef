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
import { attack } from './attack.ts';
import { descend, noiseStart } from './descend.ts';
import { cosine } from './objectives.ts';
import { descentSettings, ensembleSetting, startSetting, targetSetting } from './settings.ts';
import type { Side } from './types.ts';

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
    ...startSetting,
    ...targetSetting,
    ...ensembleSetting,
  }),
  begin: (work, of) =>
    descend(work, of, {
      objective: cosine({ centred: (side) => of.centred ?? Number(!endsInRelu(side)), target: of.target }),
      start: noiseStart(work, of.start),
    }),
});

const endsInRelu = ({ clean }: Side) => clean.every((value) => value >= 0);
