/**
 * Cosine-UAP: C. Zhang, P. Benz, A. Karjauv, I. S. Kweon, "Data-free universal adversarial perturbation and black-box
 * attack", ICCV 2021.
 *
 * Turns the logits of perturbed photos away from those of the clean ones:
 *   min_v  mean_x cos(f(x + v) - c, f(x) - c)   with |v|_p <= epsilon,
 * c = 0 in the paper. Its photos are jigsaw images when there is no data; here they are the crafting photos. What is
 * done about the further class of a hardened network is said in house.ts.
 *
 * The paper's optimiser is Adam. The default here, the sign of an L1-normalised momentum (see optimisers.ts) with a
 * step of epsilon / 10 that decays to a tenth, flips and batches of 20, fooled most of what was tried with plain
 * PyTorch at 1,000 to 4,000 gradients, and reached 80 to 86 % on the models of zoo/starter. Steps of epsilon / 5 that
 * decay to a fiftieth do as well. `centred` (c = the mean clean logits of the crafting photos) is ours: it ignores what
 * the logits of all photos share. It is no default, since it helps some models (MobileNetV2, +3 points) and
 * costs others (SqueezeNet 1.1, 14 points on held-out crafting photos).
 */
import { z } from 'zod';
import { attack } from './attack.ts';
import { descend, noiseStart } from './descend.ts';
import { cosine } from './objectives.ts';
import { craftingPhotos } from './pictures.ts';
import { descentSettings, ensembleSetting, evadeSetting, startSetting, targetSetting } from './settings.ts';

export const cosineUap = attack({
  name: 'cosine-uap',
  source: import.meta.url,
  summary: 'Turns the logits of perturbed photos away from those of the clean ones (minimises their cosine).',
  paper: {
    authors: 'C. Zhang, P. Benz, A. Karjauv, I. S. Kweon',
    title: 'Data-free universal adversarial perturbation and black-box attack',
    year: 2021,
    venue: 'ICCV',
  },
  usesModel: true,
  ensembles: true,
  keeps: 'last',
  settings: z.strictObject({
    ...descentSettings,
    centred: z
      .boolean()
      .default(false)
      .describe('subtract the mean clean logits of the crafting photos before taking the cosine'),
    // At v = 0 the cosine has its maximum, and no gradient.
    ...startSetting,
    ...targetSetting,
    ...ensembleSetting,
    ...evadeSetting,
  }),
  begin: (surrogates, budget, settings) => {
    const { centred, start, target, evade } = settings;
    return descend(surrogates, budget, settings, {
      objective: cosine({ centred: () => Number(centred), target, evade }),
      pictures: craftingPhotos(surrogates.task, settings),
      start: noiseStart(surrogates, start),
    });
  },
});
