/**
 * The surrogates, and all that an attack may ask of them: their clean predictions, gradients over all of them, whether
 * a photo is fooled. What they are asked is paid from a budget, which they know nothing of.
 */

import type { Item, PixelRule } from '#shared/compute';
import { AtlasError } from '#shared/errors';
import { argmax, changedShare, isFooled, targetShare } from '#shared/metrics';
import type { ModelShare } from '#shared/release';
import type { Allowance } from './budget.ts';
import { mergeByLogits } from './ensemble.ts';
import { batchOf, gradientProgram } from './graphs.ts';
import type { Loss } from './losses.ts';
import type { Objective } from './objectives.ts';
import { Running } from './running.ts';
import type { CraftInputs, CraftTask, Pixels, SurrogateView } from './types.ts';
import { labelsOf, viewsOf } from './views.ts';

interface Gradient {
  /** Mean over photos and surrogates, [3,S,S], signed so that v goes against it. */
  gradient: Float32Array;
  loss: number;
}

interface SurrogateOptions {
  /** Class that photos are to be taken for; left out: any but their own. */
  target?: number;
  /** What several surrogates at once mean: the mean of their losses, or the loss of their mean logits. */
  ensemble: 'loss' | 'logits';
}

/** One share for each surrogate. */
interface Measured {
  fooling: ModelShare[];
  /** null without a target. */
  success: ModelShare[] | null;
}

type OnProgress = (done: number, total: number) => void;

export class Surrogates {
  /** Photos, bound and seed of the craft. */
  readonly task: CraftInputs;
  /** What is crafted on: each surrogate, or the mean of their logits as one. */
  readonly views: SurrogateView[];
  /** Models that were given: one photo's gradient over all of them is counted so many times, joined into one or not. */
  readonly models: number;
  /** Losses and successes of the photos looked at last: for people, and to stop at a fooling ratio. */
  readonly running: Running;
  /** Numbers of the perturbation. */
  readonly length: number;
  readonly #target: number | undefined;
  /** The surrogates as they were given: what fooling is measured on. */
  readonly #judges: SurrogateView[];
  readonly #used = new Set<string>();

  private constructor(task: CraftInputs, judges: SurrogateView[], views: SurrogateView[], target: number | undefined) {
    this.task = task;
    this.length = 3 * task.photos.size ** 2;
    this.#target = target;
    this.#judges = judges;
    this.views = views;
    this.models = judges.length;
    this.running = new Running(task.crafting.length * this.views.length);
  }

  /** Asks for the clean predictions. @throws UsageError as `viewsOf`, and where logits have no mean. */
  static async open(
    task: CraftTask,
    { target, ensemble }: SurrogateOptions,
    onProgress?: OnProgress,
  ): Promise<Surrogates> {
    const judges = await viewsOf(task, target, onProgress);
    const isOne = ensemble === 'logits' && judges.length > 1;
    return new Surrogates(task, judges, isOne ? [await mergeByLogits(judges, task.graphs)] : judges, target);
  }

  /**
   * Whether a label that was given to the photo of a row counts as fooled: another one, and not the "tampered with" of
   * a hardened surrogate; or the target.
   */
  isFooled({ surrogate, labels }: SurrogateView, row: number, label: number): boolean {
    return this.#target === undefined ? isFooled(labels[row], label, surrogate.tampered) : label === this.#target;
  }

  /** Logits [items, K] of photos with v, by default rounded; of crafting photos unless others are given. */
  async predict(
    { surrogate }: SurrogateView,
    items: Item[],
    v: Float32Array | Float32Array[] | null,
    { rule, photos = this.task.photos }: { rule?: PixelRule; photos?: Pixels } = {},
  ): Promise<{ logits: Float32Array; labels: Int32Array }> {
    const program = { key: surrogate.sha256, bytes: surrogate.bytes };
    const { signal } = this.task;
    const { logits, classes } = await this.task.compute.logits({ program, photos, items, v, rule, signal });
    return { logits, labels: labelsOf(logits, classes) };
  }

  /**
   * The gradient of an objective at clip(photo + v), over photos and surrogates, each paid from the budget. Items
   * without a row are no crafting photos, and count in no ratio.
   */
  gradientsOf(
    objective: Objective,
    budget: Allowance,
  ): (items: Item[], v: Float32Array, photos?: Pixels) => Promise<Gradient> {
    const { compute, signal, graphs } = this.task;
    const making = this.views.map(async (view) => {
      const program = await gradientProgram(view.surrogate, lossOf(objective, view), compute.profile, graphs);
      this.uses(program.key);
      return { view, program, inputs: objective.inputs?.(view) ?? {} };
    });
    // Whoever asks first hears what went wrong.
    for (const one of making) one.catch(() => {});
    return async (items, v, photos = this.task.photos) => {
      const parts = await Promise.all(making);
      const total = new Float32Array(this.length);
      let sum = 0;
      for (const { view, program, inputs } of parts) {
        const found = await compute.gradient({ program, photos, items, v, ...inputs, signal });
        budget.spend(items.length * view.models);
        const scale = objective.direction / (items.length * parts.length);
        for (let i = 0; i < total.length; i++) total[i] += scale * found.gradient[i];
        items.forEach(({ row }, i) => {
          const loss = found.losses[i];
          sum += loss;
          const label = argmax(found.logits, i * found.classes, found.classes);
          this.running.add(loss, row === undefined ? null : this.isFooled(view, row, label));
        });
      }
      const loss = sum / (items.length * parts.length);
      if (!Number.isFinite(loss)) {
        throw new AtlasError(
          `The loss became ${loss} after ${budget.gradients} gradients. Check the model with \`atlas gradients check\`, or take smaller steps.`,
        );
      }
      return { gradient: total, loss };
    };
  }

  /** For each point the gradients of M weighted sums of its logits, M gradients each, paid from the budget. */
  classGradientsOf({ surrogate, classes, models }: SurrogateView, budget: Allowance) {
    const { compute, photos, signal, graphs } = this.task;
    const loss: Loss = { kind: 'weighted logits', parameters: {} };
    const making = Promise.all([gradientProgram(surrogate, loss, compute.profile, graphs), batchOf(surrogate, graphs)]);
    making.catch(() => {});
    return async (points: { item: Item; v: Float32Array; cotangents: Float32Array }[]) => {
      const [program, { isApart }] = await making;
      const repeat = !isApart;
      this.uses(program.key);
      const found = await compute.classGradients({ program, photos, classes, repeat, signal, points });
      budget.spend(models * points.reduce((sum, { cotangents }) => sum + cotangents.length / classes, 0));
      return found;
    };
  }

  /** Frees the sessions of a program at the end of the craft. */
  uses(key: string): void {
    this.#used.add(key);
  }

  /**
   * Fooling ratio of v on the crafting photos, or the first `most` of them, on rounded pixels, for each surrogate; with
   * a target, also the share of photos of other classes that are taken for it.
   */
  async measure(
    v: Float32Array,
    { most, onProgress }: { most?: number; onProgress?: OnProgress } = {},
  ): Promise<Measured> {
    const { compute, crafting, photos, signal } = this.task;
    const items = crafting.slice(0, most).map((photo) => ({ photo, flip: false }));
    const total = items.length * this.#judges.length;
    const fooling: ModelShare[] = [];
    const success: ModelShare[] = [];
    for (const [index, { surrogate, labels }] of this.#judges.entries()) {
      const { logits, classes } = await compute.logits({
        program: { key: surrogate.sha256, bytes: surrogate.bytes },
        ...{ photos, items, v, signal },
        onProgress: (done) => onProgress?.(index * items.length + done, total),
      });
      const perturbed = labelsOf(logits, classes);
      const clean = items.map((_, i) => labels[2 * i]);
      fooling.push({ model: surrogate.id, ...changedShare(clean, perturbed, surrogate.tampered) });
      if (this.#target !== undefined) {
        success.push({ model: surrogate.id, ...targetShare(this.#target, clean, perturbed) });
      }
    }
    return { fooling, success: this.#target === undefined ? null : success };
  }

  /** Gives back what was opened. */
  async close(): Promise<void> {
    for (const { surrogate } of [...this.views, ...this.#judges]) this.uses(surrogate.sha256);
    for (const key of this.#used) await this.task.compute.release(key);
  }
}

/** The loss of an objective on a surrogate. */
const lossOf = ({ loss, onHardened = loss }: Objective, { surrogate }: SurrogateView): Loss =>
  surrogate.tampered === undefined ? loss : onHardened;
