/**
 * Runs an attack step by step until its budget is spent: counts, projects, reports, keeps checkpoints and the best
 * iterate. Everything is chosen on the crafting photos: no other photo is looked at.
 */
import { project } from '#shared/images';
import type { Budget } from '#shared/release';
import type { Attack } from './attack.ts';
import { identityOf, Keeper } from './checkpoints.ts';
import { restore, type State, snapshot } from './state.ts';
import type { Crafted, CraftTask, CurvePoint } from './types.ts';
import { Work, type WorkOptions } from './work.ts';

/** Without a budget of gradients or seconds, crafting ends here at the latest. */
export const mostGradients = 20_000;
const curvePoints = 20;
/** For attacks that keep the best iterate: how often they look, and at how many crafting photos at most. */
const looks = 10;
const mostLookedAt = 200;

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
  const keeper = new Keeper(task.checkpoints, () => identityOf(task, attack.name, settings));
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
      if (spent * curvePoints >= memory.curve.length + 1 && work.recent.hasPoint) {
        memory.curve.push({ gradients: work.gradients, ...work.recent.take() });
      }
      report(task, work, budget, elapsed(), (performance.now() - setUp) / 1000, resumedFrom, spent);
    }
    if (attack.keeps === 'best') {
      await lookForBest(work, v, memory);
      v.set((memory.best as Best).v);
    }
    if (work.recent.hasPoint) memory.curve.push({ gradients: work.gradients, ...work.recent.take() });
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
