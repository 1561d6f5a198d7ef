/**
 * DeepFool: S.-M. Moosavi-Dezfooli, A. Fawzi, P. Frossard, CVPR 2016, arXiv 1511.04599. For a photo x it finds a small
 * r with k(x + r) != k(x): it crosses the nearest of the boundaries to the likeliest classes, each taken as flat, r <-
 * r + |f_k - f_0| / |w_k|^2 w_k, w_k the difference of the classes' gradients, until the label changes, overshooting a
 * little.
 */

import type { Compute, Item, Pixels } from '#shared/compute';
import { sharedFloats } from '#shared/memory';
import { argmax } from '#shared/metrics';
import { batchOf, type Graphs, gradientProgram } from './graphs.ts';
import type { Surrogate } from './types.ts';

export interface DeepFoolSettings {
  /** Most likely classes whose boundaries are considered, the photo's own among them. */
  classes: number;
  /** How far past the boundary it goes, as a share of the distance. */
  overshoot: number;
  /** Most steps for one photo. */
  steps: number;
}

/** What is asked of a network. */
export interface DeepFoolNetwork {
  /** K. */
  classes: number;
  /** For each point the gradients of M weighted sums of its logits, [M,3,S,S], and its logits. */
  classGradients(
    points: { item: Item; v: Float32Array; cotangents: Float32Array }[],
  ): Promise<{ gradients: Float32Array; logits: Float32Array }[]>;
  /** The labels of items, each with its own v. */
  labels(items: Item[], v: Float32Array[]): Promise<ArrayLike<number>>;
}

/** Where it starts from: a photo, and its logits with v added. */
export interface DeepFoolPoint {
  item: Item;
  logits: Float32Array;
}

export interface DeepFooled {
  /** What was found, the overshoot included. */
  r: Float32Array;
  steps: number;
  /** Whether the label changed. */
  crossed: boolean;
}

/**
 * DeepFool for many photos at once, each from its own place.
 * @param v What is added to all of them before, [3,S,S].
 * @param affords Asked before each step, of so many gradients.
 */
export async function deepFool(
  network: DeepFoolNetwork,
  points: readonly DeepFoolPoint[],
  v: Float32Array,
  { classes, overshoot, steps }: DeepFoolSettings,
  affords: (gradients: number) => boolean = () => true,
): Promise<DeepFooled[]> {
  const ranked = Math.min(classes, network.classes);
  const runs = points.map(({ item, logits }) => ({
    item,
    ranking: likeliest(logits, ranked),
    r: new Float32Array(v.length),
    steps: 0,
    crossed: false,
  }));
  const placeOf = ({ r }: { r: Float32Array }) => {
    const place = sharedFloats(v.length);
    for (let i = 0; i < v.length; i++) place[i] = v[i] + (1 + overshoot) * r[i];
    return place;
  };
  let active = runs;
  for (let step = 0; step < steps && active.length > 0 && affords(ranked * active.length); step++) {
    const found = await network.classGradients(
      active.map((run) => ({ item: run.item, v: placeOf(run), cotangents: oneHots(run.ranking, network.classes) })),
    );
    active.forEach((run, i) => {
      toNearest(run.r, run.ranking, found[i]);
      run.steps++;
    });
    const items = active.map(({ item }) => item);
    const labels = await network.labels(items, active.map(placeOf));
    active.forEach((run, i) => {
      run.crossed = labels[i] !== run.ranking[0];
    });
    active = active.filter(({ crossed }) => !crossed);
  }
  return runs.map(({ r, crossed, steps: taken }) => ({
    r: r.map((value) => (1 + overshoot) * value),
    ...{ crossed, steps: taken },
  }));
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

/** A model as DeepFool asks it, on the pixels of photos as gradients are taken: clipped, and not rounded. */
export async function networkOn(
  compute: Compute,
  model: Surrogate & { classes: number },
  photos: Pixels,
  { signal, graphs }: { signal?: AbortSignal; graphs?: Graphs } = {},
): Promise<DeepFoolNetwork & { close(): Promise<void> }> {
  const { classes } = model;
  const program = await gradientProgram(model, { kind: 'weighted logits', parameters: {} }, compute.profile, graphs);
  const repeat = !(await batchOf(model, graphs)).isApart;
  return {
    classes,
    classGradients: (points) => compute.classGradients({ program, photos, points, classes, repeat, signal }),
    async labels(items, v) {
      const forward = { key: model.sha256, bytes: model.bytes };
      const { logits } = await compute.logits({ program: forward, photos, items, v, rule: 'clipped', signal });
      return items.map((_, i) => argmax(logits, i * classes, classes));
    },
    close: () => compute.release(program.key),
  };
}
