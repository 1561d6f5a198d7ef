/**
 * TRM-UAP: Y. Liu, X. Feng, Y. Wang, W. Yang, D. Ming, "TRM-UAP: Enhancing the transferability of data-free universal
 * adversarial perturbation via truncated ratio maximization", ICCV 2023.
 *
 *   max_v  sum_l log (|a_l+(x + v)|_2 / |a_l-(x + v)|_2)   with |v|_p <= epsilon,
 * a_l+ and a_l- the positive and the negative outputs of convolution l, over the first 80 % of the layers (the
 * truncation). x are jigsaw pictures of random colours that get finer as crafting goes on, from 2 to 16 cells a side
 * (the curriculum): no photo is needed. Adam in the paper, whose step of 0.1 on pixels of 0..1 is larger than the
 * bound, so that it moves like a sign step: here the sign of a momentum.
 */
import { z } from 'zod';
import { paintJigsaw, random } from '../synthetic/index.ts';
import { attack } from './attack.ts';
import { move, noiseStart, startAt } from './descend.ts';
import { activationRatio } from './objectives.ts';
import { ensembleSetting, optimiserOf, photoSettings, startSetting, stepSettings } from './settings.ts';

export const trmUap = attack({
  name: 'trm-uap',
  source: import.meta.url,
  summary: 'Raises positive over negative activations in the earlier layers, on jigsaw pictures in place of photos.',
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
  settings: z.strictObject({
    depth: z.number().gt(0).max(1).default(0.8).describe('share of the layers, from the first on, that count'),
    finest: z.int().min(2).max(64).default(16).describe('cells a side of the last jigsaw pictures; the first have 2'),
    batch: photoSettings.batch.default(10).describe('pictures of a step'),
    ...stepSettings,
    start: startSetting.start.default(1),
    ...ensembleSetting,
  }),
  begin(work, of) {
    const { photos, seed } = work.task;
    const gradient = work.gradientsOf(activationRatio({ depth: of.depth }));
    const draw = random(seed, 'jigsaw');
    const optimiser = optimiserOf(of, work.task, work.length);
    const v = startAt(work, noiseStart(work, of.start));
    const picture = new Float32Array(work.length);
    return {
      state: { v, jigsaw: draw.state, optimiser: optimiser.state },
      async step() {
        const { progress } = work;
        const count = work.batch(of.batch);
        const cells = 2 + Math.round((of.finest - 2) * progress);
        const pixels = new Uint8Array(new SharedArrayBuffer(count * work.length));
        for (let i = 0; i < count; i++) {
          paintJigsaw(picture, photos.size, Math.min(cells, photos.size), draw);
          pixels.set(picture, i * work.length);
        }
        const items = Array.from({ length: count }, (_, photo) => ({ photo, flip: false }));
        const found = await gradient(items, v, { pixels, size: photos.size });
        move(work, optimiser, v, found.gradient, progress);
        return true;
      },
    };
  },
});
