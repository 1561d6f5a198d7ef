/**
 * Runs an attack step by step until its budget is spent: counts, projects, reports, keeps checkpoints and the best iterate. Everything is chosen on the
 * crafting photos: no other photo is looked at.
 */
import { createHash } from 'node:crypto';
import { project } from '#shared/images';
import { type Budget, canonicalJson } from '#shared/release';
import { pack, restore, type State, snapshot, unpack } from './state.ts';
import type { Attack, Checkpoints, Crafted, CraftTask, CurvePoint } from './types.ts';
import { Work, type WorkOptions } from './work.ts';

/** Without a budget of gradients or seconds, crafting ends here at the latest. */
const mostGradients = 20_000;
const curvePoints = 20;
/** For attacks that keep the best iterate: how often they look, and at how many crafting photos at most. */
const looks = 10;
const mostLookedAt = 200;
const secondsBetweenCheckpoints = 20;

/** What the driver itself remembers between two steps. */
interface Memory {
  gradients: number;
  /** Seconds of the runs before this one. */
  seconds: number;
  curve: CurvePoint[];
  looked: number;
  best: Best | null;
}

interface Best {
  v: Float32Array;
  fooled: number;
}

export async function drive(task: CraftTask, attack: Attack, settings: Record<string, unknown>): Promise<Crafted> {
  const started = performance.now();
  const { norm, epsilon } = task;
  const work = await Work.open(task, settings as WorkOptions);
  const budget = budgetOf(task.budget);
  const course = await attack.begin(work, settings);
  const { v } = course.state;
  project(v, norm, epsilon);
  let memory: Memory = { gradients: 0, seconds: 0, curve: [], looked: 0, best: null };
  const keeper = new Keeper(task.checkpoints, () => identityOf(task, attack, settings));
  const saved = await keeper.load();
  if (saved) {
    restore(course.state, saved.course as State);
    work.recent.state = saved.recent as State;
    memory = saved.memory as unknown as Memory;
  }
  const resumedFrom = memory.gradients;
  work.gradients = memory.gradients;
  const setUp = performance.now();
  const elapsed = () => memory.seconds + (performance.now() - started) / 1000;
  const asState = (): State =>
    snapshot({
      course: course.state,
      recent: work.recent.state,
      memory: { ...memory, gradients: work.gradients, seconds: elapsed() } as unknown as State,
    });

  try {
    for (let goesOn = true; ; ) {
      if (keeper.keeps) keeper.latest = asState();
      work.progress = Math.min(1, budget.spent(work.gradients, elapsed()));
      work.allowed = budget.gradients - work.gradients;
      if (attack.keeps === 'best' && work.progress * looks >= memory.looked + 1) {
        memory.looked = Math.floor(work.progress * looks);
        await lookForBest(work, v, memory);
      }
      const isOver = work.progress >= 1 || work.allowed < Math.max(1, work.sides.length);
      if (!goesOn || isOver || (await isGoodEnough(task, work, v))) break;
      await keeper.saveSometimes();
      goesOn = await course.step();
      project(v, norm, epsilon);
      const spent = Math.min(1, budget.spent(work.gradients, elapsed()));
      if (spent * curvePoints >= memory.curve.length + 1) {
        memory.curve.push({ gradients: work.gradients, ...work.recent.take() });
      }
      report(task, work, budget, elapsed(), (performance.now() - setUp) / 1000, resumedFrom, spent);
    }
    if (attack.keeps === 'best') {
      await lookForBest(work, v, memory);
      v.set((memory.best as Best).v);
    }
    if (work.sides.length > 0 && memory.curve.at(-1)?.gradients !== work.gradients)
      memory.curve.push({ gradients: work.gradients, ...work.recent.take() });
    const measured = work.sides.length > 0 ? await work.measure(v) : { fooling: null, success: null };
    return {
      v: new Float32Array(v),
      gradients: work.gradients,
      seconds: elapsed(),
      curve: memory.curve,
      ...measured,
      resumedFrom,
    };
  } catch (error) {
    // Interrupted or failed: the last whole step is kept.
    await keeper.save();
    throw error;
  } finally {
    await work.close().catch(() => {});
  }
}

/** Everything that decides the bytes of a perturbation, in one line. */
function identityOf(task: CraftTask, attack: Attack, settings: Record<string, unknown>): string {
  const { compute, crafting, epsilon, norm, photos, seed, surrogates } = task;
  const length = 3 * photos.size ** 2;
  const hash = createHash('sha256');
  for (const index of crafting) hash.update(photos.pixels.subarray(index * length, (index + 1) * length));
  return canonicalJson({
    ...{ attack: attack.name, settings, norm, epsilon, seed, budget: task.budget, size: photos.size },
    surrogates: surrogates.map(({ sha256 }) => sha256),
    photos: hash.digest('hex'),
    provider: compute.provider,
  });
}

/** Checkpoints: the state before the step that is under way, written now and then, and at the end of a craft that did not end well. */
class Keeper {
  latest: State | null = null;
  readonly #checkpoints: Checkpoints | undefined;
  readonly #identify: () => string;
  #identity = '';
  #savedAt = performance.now();

  constructor(checkpoints: Checkpoints | undefined, identify: () => string) {
    this.#checkpoints = checkpoints;
    this.#identify = identify;
  }

  get keeps(): boolean {
    return this.#checkpoints !== undefined;
  }

  async load(): Promise<State | null> {
    if (!this.#checkpoints) return null;
    this.#identity = this.#identify();
    const bytes = await this.#checkpoints.load();
    return bytes && unpack(this.#identity, bytes);
  }

  async saveSometimes(): Promise<void> {
    const every = this.#checkpoints?.every ?? secondsBetweenCheckpoints;
    if (performance.now() - this.#savedAt >= 1000 * every) await this.save();
  }

  async save(): Promise<void> {
    if (!this.#checkpoints || !this.latest) return;
    await this.#checkpoints.save(pack(this.#identity, this.latest));
    this.#savedAt = performance.now();
  }
}

async function lookForBest(work: Work, v: Float32Array, memory: Memory): Promise<void> {
  const { fooling, success } = await work.measure(v, mostLookedAt);
  const { fooled } = success ?? fooling;
  if (!memory.best || fooled > memory.best.fooled) memory.best = { v: v.slice(), fooled };
}

/** The running share is free but lags behind; only when it is promising are all crafting photos measured. */
async function isGoodEnough({ budget }: CraftTask, work: Work, v: Float32Array): Promise<boolean> {
  const wanted = budget.fooling;
  const running = work.recent.fooling;
  if (wanted === undefined || running === null || running < wanted || !work.recent.full) return false;
  const { fooling, success } = await work.measure(v);
  if ((success ?? fooling).ratio >= wanted) return true;
  work.recent.forget();
  return false;
}

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

function report(
  task: CraftTask,
  work: Work,
  budget: ReturnType<typeof budgetOf>,
  elapsed: number,
  here: number,
  resumedFrom: number,
  spent: number,
): void {
  const rate = (work.gradients - resumedFrom) / here;
  task.onProgress?.({
    stage: 'craft',
    ...budget.progress(work.gradients, elapsed),
    gradients: work.gradients,
    gradientsPerSecond: rate,
    secondsLeft: secondsLeft(task.budget, budget.gradients - work.gradients, rate, elapsed, spent),
    loss: work.recent.loss,
    fooling: work.recent.fooling,
  });
}

function secondsLeft(
  { seconds }: Budget,
  gradients: number,
  rate: number,
  elapsed: number,
  spent: number,
): number | null {
  if (spent <= 0) return null;
  const byGradients = rate > 0 ? gradients / rate : Number.POSITIVE_INFINITY;
  const left = Math.min(byGradients, (seconds ?? Number.POSITIVE_INFINITY) - elapsed);
  return Number.isFinite(left) ? Math.max(0, left) : null;
}
