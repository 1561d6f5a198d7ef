/**
 * UAP: S.-M. Moosavi-Dezfooli, A. Fawzi, O. Fawzi, P. Frossard, "Universal adversarial perturbations", CVPR 2017, arXiv
 * 1610.08401, with DeepFool inside (S.-M. Moosavi-Dezfooli, A. Fawzi, P. Frossard, CVPR 2016, arXiv 1511.04599).
 *
 * Passes over the photos. For every photo that v does not fool yet, DeepFool finds a small r with k(x + v + r) != k(x +
 * v): it crosses the nearest of the boundaries to the ten likeliest classes, each taken as flat, r <- r + |f_k - f_0| /
 * |w_k|^2 w_k, w_k the difference of the classes' gradients, at most ten times, overshooting by 0.02. Then v <-
 * project(v + r), unless DeepFool took nine steps and more. All of these are the paper's values.
 *
 * The paper goes photo by photo. Here the photos of a batch share one v: their r are found at the same time and added
 * up; batch 1 is the paper's. Under norm 2 its code gives v the length of the bound after each update, also where it
 * was shorter (`rescale`).
 */
import { z } from 'zod';
import { l2Norm } from '#shared/images';
import { attack } from './attack.ts';
import type { Allowance } from './budget.ts';
import { type DeepFoolNetwork, type DeepFoolPoint, deepFool } from './deepfool.ts';
import { startAt } from './descend.ts';
import { photosInOrder } from './pictures.ts';
import { photoSettings } from './settings.ts';
import type { Surrogates } from './surrogates.ts';

const schema = z.strictObject({
  batch: photoSettings.batch.default(10).describe('photos whose DeepFool steps are computed at the same v'),
  classes: z.int().min(2).max(1000).default(10).describe('most likely classes whose boundaries DeepFool considers'),
  overshoot: z
    .number()
    .min(0)
    .default(0.02)
    .describe('how far past the boundary DeepFool goes, as a share of the distance'),
  steps: z.int().min(1).max(1000).default(10).describe('most steps of DeepFool for one photo'),
  rescale: z
    .boolean()
    .default(false)
    .describe(
      'norm 2: after every update v has the length epsilon, also where it was shorter, as in the published code',
    ),
  flips: photoSettings.flips.default(false),
  shift: photoSettings.shift.default(0),
  zoom: photoSettings.zoom,
});
type Settings = z.infer<typeof schema>;

export const uap = attack({
  name: 'uap',
  source: import.meta.url,
  summary:
    'Goes through the photos and adds up the smallest step that takes each across its nearest class boundary (DeepFool).',
  paper: {
    authors: 'S.-M. Moosavi-Dezfooli, A. Fawzi, O. Fawzi, P. Frossard',
    title: 'Universal adversarial perturbations',
    year: 2017,
    venue: 'CVPR',
    arxiv: '1610.08401',
  },
  usesModel: true,
  ensembles: false,
  keeps: 'best',
  settings: schema,
  begin(surrogates, budget, settings) {
    const { task, length } = surrogates;
    const [view] = surrogates.views;
    const photos = photosInOrder(task, settings);
    const deepFool = deepFoolOn(surrogates, budget, settings);
    const v = startAt(length);
    const state = { v, photos: photos.state, idle: 0 };
    return {
      state,
      async step() {
        const most = Math.max(1, Math.floor(budget.left / settings.classes));
        const items = photos.next(Math.min(settings.batch, most));
        const { logits, labels } = await surrogates.predict(view, items, v, { rule: 'clipped' });
        const isFooled = items.map(({ row }, i) => surrogates.isFooled(view, row as number, labels[i]));
        const open = items.flatMap((item, i) =>
          isFooled[i] ? [] : [{ item, logits: logits.subarray(i * view.classes, (i + 1) * view.classes) }],
        );
        const steps = await deepFool(open, v);
        for (const { r, crossed } of steps) if (crossed) for (let i = 0; i < v.length; i++) v[i] += r[i];
        if (settings.rescale && task.norm === '2' && steps.some(({ crossed }) => crossed)) {
          const scale = task.epsilon / l2Norm(v);
          for (let i = 0; i < v.length; i++) v[i] *= scale;
        }
        let next = 0;
        for (const fooled of isFooled) surrogates.running.add(fooled ? 0 : l2Norm(steps[next++].r), fooled);
        // A whole pass that found nothing to do is the end.
        state.idle = steps.some(({ crossed }) => crossed) ? 0 : state.idle + items.length;
        return state.idle <= task.crafting.length;
      },
    };
  },
});

/** DeepFool on the surrogate, paid from the budget. What took all of its steps but one is not to be added. */
function deepFoolOn(surrogates: Surrogates, budget: Allowance, settings: Settings) {
  const [view] = surrogates.views;
  const network: DeepFoolNetwork = {
    classes: view.classes,
    classGradients: surrogates.classGradientsOf(view, budget),
    labels: async (items, v) => (await surrogates.predict(view, items, v, { rule: 'clipped' })).labels,
  };
  return async (points: DeepFoolPoint[], v: Float32Array) => {
    const found = await deepFool(network, points, v, settings, (gradients) => budget.left >= gradients);
    return found.map(({ r, crossed, steps }) => ({
      r,
      crossed: crossed && (steps < settings.steps - 1 || settings.steps === 1),
    }));
  };
}
