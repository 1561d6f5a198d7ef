/**
 * Cosine-UAP: C. Zhang, P. Benz, A. Karjauv, I. S. Kweon, "Data-free universal adversarial perturbation and black-box attack", ICCV 2021.
 *
 * Turns the logits of perturbed photos away from those of the clean ones:
 *   min_v  mean_x cos(f(x + v) - c, f(x) - c)   with |v|_p <= epsilon,
 * c = 0 in the paper. Its photos are jigsaw images when there is no data; here they are the crafting photos.
 *
 * The paper's optimiser is Adam. The default here, the sign of an L1-normalised momentum (see optimisers.ts) with a step of epsilon / 10 that decays to
 * a tenth, flips and batches of 20, fooled most of what was tried with plain PyTorch at 1,000 to 4,000 gradients, and reached 80 to 86 % on the models
 * of zoo/starter. Steps of epsilon / 5 that decay to a fiftieth do as well. `centred` (c = the mean clean logits of the crafting photos) is ours: it
 * looks away from what the logits of all photos share. It is no default, since it helps some models (MobileNetV2, +3 points) and costs others
 * (SqueezeNet 1.1, 14 points on held-out crafting photos).
 */
import { z } from 'zod';
import { descend } from './descend.ts';
import { random } from './random.ts';
import { descentSettings, optimiserOf } from './settings.ts';
import { attack } from './types.ts';

const settings = z.strictObject({
  ...descentSettings,
  centred: z
    .boolean()
    .default(false)
    .describe('subtract the mean clean logits of the crafting photos before taking the cosine'),
  start: z
    .number()
    .gt(0)
    .max(1)
    .default(0.1)
    .describe('v starts uniform in +-start * epsilon; at 0 the cosine has its maximum and no gradient'),
});

export const cosineUap = attack({
  name: 'cosine-uap',
  summary: 'Turns the logits of perturbed photos away from those of the clean ones (minimum of their cosine).',
  paper: {
    authors: 'C. Zhang, P. Benz, A. Karjauv, I. S. Kweon',
    title: 'Data-free universal adversarial perturbation and black-box attack',
    year: 2021,
    venue: 'ICCV',
  },
  usesModel: true,
  settings,
  craft(task, of) {
    const length = 3 * task.photos.size ** 2;
    return descend(task, {
      loss: { kind: 'cosine' },
      direction: 1,
      optimiser: optimiserOf(of, task, length),
      batch: of.batch,
      flips: of.flips,
      shift: of.shift,
      start: startNear(task, of.start, length),
      inputs: (clean, classes) => ({
        tables: { reference: { data: clean, width: classes } },
        constants: { centre: of.centred ? meanRow(clean, classes) : new Float32Array(classes) },
      }),
    });
  },
});

/** Uniform noise of a small share of the bound. */
function startNear(
  task: { norm: 'inf' | '2'; epsilon: number; seed: number },
  share: number,
  length: number,
): Float32Array {
  const draw = random(task.seed, 'start');
  // Under norm 2 the uniform values of +-1 have length sqrt(length / 3).
  const scale = share * (task.norm === 'inf' ? task.epsilon : task.epsilon * Math.sqrt(3 / length));
  return Float32Array.from({ length }, () => scale * (2 * draw.uniform() - 1));
}

function meanRow(rows: Float32Array, width: number): Float32Array {
  const sum = new Float64Array(width);
  for (let i = 0; i < rows.length; i++) sum[i % width] += rows[i];
  return Float32Array.from(sum, (value) => (value * width) / rows.length);
}
