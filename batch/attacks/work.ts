/**
 * The surrogates at work: their clean predictions, gradients over all of them, and the count of what was spent. An
 * attack sees nothing else of compute.
 */
import { argmax, wilson } from '#shared/metrics';
import type { Share } from '#shared/release';
import type { Item } from '../compute/index.ts';
import { AtlasError, UsageError } from '../errors/index.ts';
import { mergeByLogits } from './ensemble.ts';
import { gradientProgram, type Objective } from './objectives.ts';
import { Recent } from './recent.ts';
import type { CraftProgress, CraftTask, Pixels, Side, Surrogate } from './types.ts';

export interface Gradient {
  /** Mean over photos and surrogates, [3,S,S], signed so that v goes against it. */
  gradient: Float32Array;
  loss: number;
}

export interface WorkOptions {
  target?: number;
  ensemble?: 'loss' | 'logits';
}

export class Work {
  readonly task: CraftTask;
  /** What is crafted on: the surrogates, or the mean of their logits as one. */
  readonly sides: Side[];
  readonly target: number | undefined;
  /** Numbers of the perturbation. */
  readonly length: number;
  readonly recent: Recent;
  gradients = 0;
  /** Gradients before this one ends the budget; set by the one who drives. */
  allowed = Number.POSITIVE_INFINITY;
  /** How much of the budget is used, 0..1. */
  progress = 0;
  readonly #judges: Side[];
  readonly #used = new Set<string>();

  private constructor(task: CraftTask, judges: Side[], { target, ensemble }: WorkOptions) {
    this.task = task;
    this.target = target;
    this.length = 3 * task.photos.size ** 2;
    this.#judges = judges;
    this.sides = ensemble === 'logits' && judges.length > 1 ? [mergeByLogits(judges)] : judges;
    this.recent = new Recent(task.crafting.length * this.sides.length);
  }

  /**
   * @throws UsageError for a target that a surrogate has no class for, and for a surrogate that says the same of every
   * photo.
   */
  static async open(task: CraftTask, options: WorkOptions): Promise<Work> {
    const sides: Side[] = [];
    for (const surrogate of task.surrogates) sides.push(await lookAtClean(task, surrogate, sides.length));
    for (const side of sides) checkSide(side, options.target);
    return new Work(task, sides, options);
  }

  /** Photos that a step may still look at: at most `wanted`. */
  batch(wanted: number): number {
    return Math.max(1, Math.min(wanted, Math.floor(this.allowed / Math.max(1, this.sides.length))));
  }

  /** Counts looks at photos, and what became of them: the running loss and fooling ratio. */
  spend(gradients: number): void {
    this.gradients += gradients;
    this.allowed -= gradients;
  }

  /** Whether a label that was given to the photo of a row counts as fooled, or as the target reached. */
  won({ labels }: Side, row: number, label: number): boolean {
    return this.target === undefined ? label !== labels[row] : label === this.target;
  }

  /**
   * The gradient of an objective at clip(photo + v), over photos and surrogates. Items without a row are no crafting
   * photos, and count in no ratio.
   */
  gradientsOf(objective: Objective): (items: Item[], v: Float32Array, photos?: Pixels) => Promise<Gradient> {
    const { compute, signal } = this.task;
    const parts = this.sides.map((side) => ({
      side,
      program: gradientProgram(side.surrogate, objective, compute.profile),
      inputs: objective.inputs?.(side) ?? {},
    }));
    for (const { program } of parts) this.#used.add(program.key);
    return async (items, v, photos = this.task.photos) => {
      const total = new Float32Array(this.length);
      let sum = 0;
      for (const { side, program, inputs } of parts) {
        const found = await compute.gradient({ program, photos, items, v, ...inputs, signal });
        const scale = objective.direction / (items.length * parts.length);
        for (let i = 0; i < total.length; i++) total[i] += scale * found.gradient[i];
        items.forEach(({ row }, i) => {
          const loss = found.losses[i];
          sum += loss;
          const label = argmax(found.logits, i * found.classes, found.classes);
          this.recent.add(loss, row === undefined ? null : this.won(side, row, label));
        });
        this.spend(items.length);
      }
      const loss = sum / (items.length * parts.length);
      if (!Number.isFinite(loss)) {
        throw new AtlasError(
          `The loss became ${loss} after ${this.gradients} gradients. Check the model with \`atlas gradients check\`, or take smaller steps.`,
        );
      }
      return { gradient: total, loss };
    };
  }

  /** Frees a program's sessions at the end of the craft. */
  uses(key: string): void {
    this.#used.add(key);
  }

  /**
   * Fooling ratio of v on the crafting photos (a target: of those not of its class, the share taken for it), on rounded
   * pixels.
   */
  async measure(v: Float32Array, most = Number.POSITIVE_INFINITY): Promise<{ fooling: Share; success: Share | null }> {
    const { compute, crafting, photos, signal } = this.task;
    const items = crafting.slice(0, most).map((photo) => ({ photo, flip: false }));
    const total = items.length * this.#judges.length;
    let [fooled, reached, others] = [0, 0, 0];
    for (const [index, { surrogate, labels }] of this.#judges.entries()) {
      const found = await compute.logits({
        program: { key: surrogate.sha256, bytes: surrogate.bytes },
        photos,
        items,
        v,
        signal,
        onProgress: (done) => this.#report('measure', index * items.length + done, total),
      });
      labelsOf(found.logits, found.classes).forEach((label, i) => {
        if (label !== labels[2 * i]) fooled++;
        if (labels[2 * i] === this.target) return;
        others++;
        if (label === this.target) reached++;
      });
    }
    return {
      fooling: { photos: total, fooled, ...wilson(fooled, total) },
      success: this.target === undefined ? null : { photos: others, fooled: reached, ...wilson(reached, others) },
    };
  }

  /** Gives back what was opened. */
  async close(): Promise<void> {
    for (const { surrogate } of [...this.sides, ...this.#judges]) this.#used.add(surrogate.sha256);
    for (const key of this.#used) await this.task.compute.release(key);
  }

  #report(stage: 'measure', done: number, total: number): void {
    this.task.onProgress?.({ ...idle, stage, done, total, gradients: this.gradients });
  }
}

const idle: Omit<CraftProgress, 'stage' | 'done' | 'total'> = {
  gradients: 0,
  gradientsPerSecond: 0,
  secondsLeft: null,
  loss: null,
  fooling: null,
};

async function lookAtClean(task: CraftTask, surrogate: Surrogate, index: number): Promise<Side> {
  const { compute, crafting, photos, signal, surrogates } = task;
  const items = crafting.flatMap((photo) => [
    { photo, flip: false },
    { photo, flip: true },
  ]);
  const { logits, classes } = await compute.logits({
    program: { key: surrogate.sha256, bytes: surrogate.bytes },
    photos,
    items,
    signal,
    onProgress: (done) =>
      task.onProgress?.({
        ...idle,
        stage: 'clean',
        done: index * items.length + done,
        total: surrogates.length * items.length,
      }),
  });
  return { surrogate, classes, clean: logits, labels: labelsOf(logits, classes) };
}

function checkSide({ surrogate, classes, clean }: Side, target: number | undefined): void {
  if (target !== undefined && target >= classes) {
    throw new UsageError(
      `The target ${target} is no class of ${surrogate.id}, which has the classes 0 to ${classes - 1}. Choose one of these.`,
    );
  }
  const bad = clean.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    throw new UsageError(
      `The model ${surrogate.id} gives ${clean[bad]} for a photo as it is. Check its card: mean, std and range; \`atlas models inspect\` shows the file.`,
    );
  }
  if (clean.every((value, i) => value === clean[i % classes])) {
    throw new UsageError(
      `The model ${surrogate.id} gives every photo the same logits: it is constant, and nothing can fool it. Check the file, and the card's mean, std and range.`,
    );
  }
}

/** The most probable class of every row. */
export function labelsOf(logits: Float32Array, classes: number): Int32Array {
  return Int32Array.from({ length: logits.length / classes }, (_, row) => argmax(logits, row * classes, classes));
}
