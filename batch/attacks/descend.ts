/**
 * What the iterative attacks share: photos in a random order, gradients of a mean loss, a step, the projection, until the budget is spent. An attack
 * brings the loss and the optimiser. Everything is chosen on the crafting photos: no other photo is looked at.
 *
 * Gradients are taken at clip(canvas + v) as if nothing had been clipped, so that a pixel at the edge of its range still pulls.
 */

import { project } from '#shared/images';
import { argmax, wilson } from '#shared/metrics';
import type { Budget } from '#shared/release';
import { type Item, sharedFloats, type Table } from '../compute/index.ts';
import type { Optimiser } from './optimisers.ts';
import { gradientProgram, type Loss } from './programs.ts';
import { random } from './random.ts';
import type { Crafted, CraftTask, CurvePoint, Program, Surrogate } from './types.ts';

export interface Descent {
  loss: Loss;
  /** +1 goes down the loss, -1 up. */
  direction: 1 | -1;
  optimiser: Optimiser;
  /** Photos of a step. */
  batch: number;
  /** Mirror every photo with probability 1/2. */
  flips: boolean;
  /** Move every photo by up to this share of its side, right or left, up or down. Few photos are learnt by heart otherwise. */
  shift: number;
  /** Where v starts, [3,S,S]. */
  start: Float32Array;
  /** Inputs of the loss, from the clean logits [rows, K]: rows are 2 * position + mirrored. */
  inputs(
    clean: Float32Array,
    classes: number,
  ): { tables: Record<string, Table>; constants?: Record<string, Float32Array> };
}

/** One model with all that its gradient graph is fed. */
interface Side {
  surrogate: Surrogate;
  program: Program;
  tables: Record<string, Table>;
  constants: Record<string, Float32Array>;
  /** Clean label by row, of the photo where it stands: with `shift`, the running fooling ratio counts a label that moving alone changed. */
  labels: Int32Array;
}

/** Without a budget of gradients or seconds, crafting ends here at the latest. */
const mostGradients = 20_000;
const curvePoints = 20;

export async function descend(task: CraftTask, descent: Descent): Promise<Crafted> {
  const { compute, crafting, photos, norm, epsilon, seed, signal } = task;
  const started = performance.now();
  const sides: Side[] = [];
  for (const surrogate of task.surrogates) sides.push(await prepareSide(task, descent, surrogate, sides.length));
  const v = sharedFloats(3 * photos.size * photos.size);
  v.set(descent.start);
  project(v, norm, epsilon);

  const craftingStarted = performance.now();
  const budget = budgetOf(task.budget);
  const draw = itemsInOrder(crafting, descent.flips, Math.round(descent.shift * photos.size), seed);
  const recent = new Recent(crafting.length * sides.length);
  const curve: CurvePoint[] = [];
  let gradients = 0;
  let pointAt = 0;
  for (;;) {
    const left = Math.floor((budget.gradients - gradients) / sides.length);
    const before = budget.spent(gradients, seconds(started));
    if (left < 1 || before >= 1) break;
    const items = draw(Math.min(descent.batch, left));
    const total = new Float32Array(v.length);
    for (const { program, tables, constants, labels } of sides) {
      const found = await compute.gradient({ program, photos, items, v, tables, constants, signal });
      const scale = descent.direction / (items.length * sides.length);
      for (let i = 0; i < total.length; i++) total[i] += scale * found.gradient[i];
      items.forEach(({ row }, i) => {
        const label = argmax(found.logits, i * found.classes, found.classes);
        recent.add(found.losses[i], label !== labels[row as number]);
      });
      gradients += items.length;
    }
    descent.optimiser.step(v, total, before);
    project(v, norm, epsilon);

    const spent = budget.spent(gradients, seconds(started));
    if (spent * curvePoints >= pointAt + 1) {
      pointAt = Math.floor(spent * curvePoints);
      curve.push({ gradients, ...recent.take() });
    }
    const rate = gradients / seconds(craftingStarted);
    task.onProgress?.({
      stage: 'craft',
      ...budget.progress(gradients, seconds(started)),
      gradients,
      gradientsPerSecond: rate,
      secondsLeft: spent > 0 ? (seconds(craftingStarted) * (1 - Math.min(1, spent))) / spent : null,
      loss: recent.loss,
      fooling: recent.fooling,
    });
    // The running share is free but lags behind; only when it is promising are all crafting photos measured.
    if (task.budget.fooling !== undefined && recent.fooling >= task.budget.fooling && recent.full) {
      const { fooled, photos: shown } = await measureCrafting(task, sides, v);
      if (fooled / shown >= task.budget.fooling) break;
      recent.forget();
    }
  }
  if (curve.at(-1)?.gradients !== gradients) curve.push({ gradients, ...recent.take() });
  const fooling = await measureCrafting(task, sides, v);
  for (const { program, surrogate } of sides) {
    await compute.release(program.key);
    await compute.release(surrogate.sha256);
  }
  return { v: new Float32Array(v), gradients, seconds: seconds(started), curve, fooling };
}

const seconds = (since: number) => (performance.now() - since) / 1000;

function budgetOf(budget: Budget) {
  const gradients = budget.gradients ?? (budget.seconds === undefined ? mostGradients : Number.MAX_SAFE_INTEGER);
  return {
    gradients,
    /** For people: gradients, or seconds where those are limited. */
    progress: (done: number, elapsed: number) =>
      budget.seconds === undefined
        ? { done, total: gradients }
        : { done: Math.min(elapsed, budget.seconds), total: budget.seconds },
    /** How much of it is used, 0..1 and beyond. */
    spent: (done: number, elapsed: number) =>
      Math.max(done / gradients, elapsed / (budget.seconds ?? Number.POSITIVE_INFINITY)),
  };
}

/** Every photo once in a random order, then again in another one; a batch may span two rounds. */
function itemsInOrder(
  crafting: readonly number[],
  flips: boolean,
  shift: number,
  seed: number,
): (count: number) => Item[] {
  const shuffle = random(seed, 'shuffle');
  const mirror = random(seed, 'flips');
  const move = random(seed, 'shifts');
  const pixels = () => Math.floor((2 * shift + 1) * move.uniform()) - shift;
  let order: number[] = [];
  return (count) =>
    Array.from({ length: count }, () => {
      if (order.length === 0) order = shuffle.order(crafting.length);
      const position = order.pop() as number;
      const flip = flips && mirror.bits() >>> 31 === 1;
      const moved = shift > 0 ? { shift: [pixels(), pixels()] as const } : {};
      return { photo: crafting[position], flip, ...moved, row: 2 * position + Number(flip) };
    });
}

async function prepareSide(task: CraftTask, descent: Descent, surrogate: Surrogate, index: number): Promise<Side> {
  const { compute, crafting, photos, signal, surrogates } = task;
  const items = crafting.flatMap((photo) => [
    { photo, flip: false },
    { photo, flip: true },
  ]);
  const program = { key: surrogate.sha256, bytes: surrogate.bytes };
  const { logits, classes } = await compute.logits({
    program,
    photos,
    items,
    signal,
    onProgress: (done) => report(task, 'clean', index * items.length + done, surrogates.length * items.length),
  });
  const { tables, constants = {} } = descent.inputs(logits, classes);
  return {
    surrogate,
    program: gradientProgram(surrogate, descent.loss),
    tables,
    constants,
    labels: labelsOf(logits, classes),
  };
}

/** The most probable class of every row. */
export function labelsOf(logits: Float32Array, classes: number): Int32Array {
  return Int32Array.from({ length: logits.length / classes }, (_, row) => argmax(logits, row * classes, classes));
}

async function measureCrafting(task: CraftTask, sides: Side[], v: Float32Array) {
  const { compute, crafting, photos, signal } = task;
  let fooled = 0;
  const total = crafting.length * sides.length;
  for (const [index, { surrogate, labels }] of sides.entries()) {
    const { logits, classes } = await compute.logits({
      program: { key: surrogate.sha256, bytes: surrogate.bytes },
      photos,
      items: crafting.map((photo) => ({ photo, flip: false })),
      v,
      signal,
      onProgress: (done) => report(task, 'measure', index * crafting.length + done, total),
    });
    const perturbed = labelsOf(logits, classes);
    for (let i = 0; i < crafting.length; i++) if (perturbed[i] !== labels[2 * i]) fooled++;
  }
  return { photos: total, fooled, ...wilson(fooled, total) };
}

function report(task: CraftTask, stage: 'clean' | 'measure', done: number, total: number): void {
  task.onProgress?.({
    stage,
    done,
    total,
    gradients: 0,
    gradientsPerSecond: 0,
    secondsLeft: null,
    loss: null,
    fooling: null,
  });
}

/** Losses and changed labels of the last `size` photos, and those since the last point of the curve. */
class Recent {
  #size: number;
  #window: { loss: number; fooled: boolean }[] = [];
  #point: { loss: number; fooled: boolean }[] = [];

  constructor(size: number) {
    this.#size = size;
  }

  add(loss: number, fooled: boolean): void {
    this.#window.push({ loss, fooled });
    if (this.#window.length > this.#size) this.#window.shift();
    this.#point.push({ loss, fooled });
  }

  get full(): boolean {
    return this.#window.length === this.#size;
  }

  get loss(): number {
    return mean(this.#window.map(({ loss }) => loss));
  }

  get fooling(): number {
    return mean(this.#window.map(({ fooled }) => Number(fooled)));
  }

  take(): { loss: number; fooling: number } {
    const point = this.#point;
    this.#point = [];
    return { loss: mean(point.map(({ loss }) => loss)), fooling: mean(point.map(({ fooled }) => Number(fooled))) };
  }

  forget(): void {
    this.#window = [];
  }
}

const mean = (values: number[]) => values.reduce((sum, x) => sum + x, 0) / Math.max(1, values.length);
