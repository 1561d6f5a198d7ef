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
import { type Item, sharedFloats } from '../compute/index.ts';
import { attack } from './attack.ts';
import type { Allowance } from './budget.ts';
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

interface Point {
  item: Item;
  /** At the photo with v added. */
  logits: Float32Array;
}

/**
 * DeepFool for many photos at once, each from its own place; the loss that is reported for `uap` is the length of what
 * it finds.
 */
function deepFoolOn(surrogates: Surrogates, budget: Allowance, settings: Settings) {
  const [view] = surrogates.views;
  const { classes } = view;
  const classGradients = surrogates.classGradientsOf(view, budget);
  const ranked = Math.min(settings.classes, classes);

  return async (points: Point[], v: Float32Array) => {
    const runs = points.map(({ item, logits }) => ({
      item,
      ranking: likeliest(logits, ranked),
      r: new Float32Array(v.length),
      steps: 0,
      crossed: false,
    }));
    const placeOf = ({ r }: { r: Float32Array }) => {
      const place = sharedFloats(v.length);
      for (let i = 0; i < v.length; i++) place[i] = v[i] + (1 + settings.overshoot) * r[i];
      return place;
    };
    let active = runs;
    for (let step = 0; step < settings.steps && active.length > 0 && budget.left >= ranked * active.length; step++) {
      const found = await classGradients(
        active.map((run) => ({ item: run.item, v: placeOf(run), cotangents: oneHots(run.ranking, classes) })),
      );
      active.forEach((run, i) => {
        toNearest(run.r, run.ranking, found[i]);
        run.steps++;
      });
      const items = active.map(({ item }) => item);
      const { labels } = await surrogates.predict(view, items, active.map(placeOf), { rule: 'clipped' });
      active.forEach((run, i) => {
        run.crossed = labels[i] !== run.ranking[0];
      });
      active = active.filter(({ crossed }) => !crossed);
    }
    return runs.map(({ r, crossed, steps }) => ({
      r: r.map((value) => (1 + settings.overshoot) * value),
      crossed: crossed && (steps < settings.steps - 1 || settings.steps === 1),
    }));
  };
}

/**
 * Moves r to the nearest of the boundaries between the first of the ranked classes and the others, all taken as flat.
 */
function toNearest(r: Float32Array, ranking: number[], at: { gradients: Float32Array; logits: Float32Array }): void {
  const { gradients, logits } = at;
  const { length: size } = r;
  let nearest = { distance: Number.POSITIVE_INFINITY, rank: 0, scale: 0 };
  for (let rank = 1; rank < ranking.length; rank++) {
    let squares = 0;
    for (let i = 0; i < size; i++) squares += (gradients[rank * size + i] - gradients[i]) ** 2;
    if (squares === 0) continue;
    const gap = Math.abs(logits[ranking[rank]] - logits[ranking[0]]);
    const distance = gap / Math.sqrt(squares);
    // The paper's hair beyond the boundary, so that a gap of zero still moves.
    if (distance < nearest.distance) nearest = { distance, rank, scale: (distance + 1e-4) / Math.sqrt(squares) };
  }
  const { rank, scale } = nearest;
  for (let i = 0; i < size; i++) r[i] += scale * (gradients[rank * size + i] - gradients[i]);
}

function likeliest(logits: Float32Array, count: number): number[] {
  return Array.from(logits.keys())
    .sort((a, b) => logits[b] - logits[a] || a - b)
    .slice(0, count);
}

function oneHots(ranking: number[], classes: number): Float32Array {
  const rows = new Float32Array(ranking.length * classes);
  ranking.forEach((label, row) => {
    rows[row * classes + label] = 1;
  });
  return rows;
}
