/**
 * Runs an attack step by step until its budget is spent: projects, reports, keeps checkpoints and the best iterate.
 * Everything is chosen on the crafting photos: no other photo is looked at.
 */
import { project } from '#shared/images';
import { meanShare } from '#shared/metrics';
import type { ModelShare, Share } from '#shared/release';
import type { Attack, Iteration } from './attack.ts';
import { Spending } from './budget.ts';
import { identityOf, Keeper } from './checkpoints.ts';
import { type GrowthPoint, growthPoints, middleOf } from './growth.ts';
import { driverSettings } from './settings.ts';
import { restore, type State, snapshot } from './state.ts';
import { Surrogates } from './surrogates.ts';
import type { Crafted, CraftProgress, CraftTask, CurvePoint } from './types.ts';

const curvePoints = 20;
/** For attacks that keep the best iterate: how often they look, and at how many crafting photos at most. */
const looks = 10;
const mostLookedAt = 200;

/** What the driver itself remembers between two steps. */
type Memory = {
  curve: CurvePoint[];
  growth: GrowthPoint[];
  /** Looks that were taken for the best iterate. */
  looked: number;
  best: { v: Float32Array; fooled: number } | null;
};

export async function drive(task: CraftTask, attack: Attack, settings: Record<string, unknown>): Promise<Crafted> {
  const spending = new Spending(task.budget);
  const surrogates = await Surrogates.open(task, driverSettings.parse(settings), (done, total) =>
    task.onProgress?.({ ...nothingYet, stage: 'clean', done, total }),
  );
  try {
    const iteration = await attack.begin(surrogates, spending, settings);
    return await new Drive(task, attack, iteration, surrogates, spending).run(settings);
  } finally {
    await surrogates.close().catch(() => {});
  }
}

class Drive {
  readonly #task: CraftTask;
  readonly #attack: Attack;
  readonly #iteration: Iteration;
  readonly #surrogates: Surrogates;
  readonly #spending: Spending;
  readonly #memory: Memory = { curve: [], growth: [], looked: 0, best: null };

  constructor(task: CraftTask, attack: Attack, iteration: Iteration, surrogates: Surrogates, spending: Spending) {
    this.#task = task;
    this.#attack = attack;
    this.#iteration = iteration;
    this.#surrogates = surrogates;
    this.#spending = spending;
  }

  async run(settings: Record<string, unknown>): Promise<Crafted> {
    const [task, attack, surrogates, spending] = [this.#task, this.#attack, this.#surrogates, this.#spending];
    const { v } = this.#iteration.state;
    this.#project();
    const keeper = new Keeper(task.checkpoints, () => identityOf(task, attack.name, settings));
    try {
      const saved = await keeper.load();
      if (saved) restore(this.#state(), saved);
      const resumedFrom = spending.gradients;
      const began = performance.now();
      let hasReached = false;
      for (let goesOn = true; ; ) {
        if (keeper.keeps) keeper.latest = snapshot({ ...this.#state(), spending: spending.now() });
        const { progress } = spending;
        if (attack.keeps === 'best' && progress * looks >= this.#memory.looked + 1) {
          this.#memory.looked = Math.floor(progress * looks);
          await this.#lookForBest();
        }
        const isOver = progress >= 1 || spending.left < Math.max(1, surrogates.models);
        hasReached = await this.#isGoodEnough();
        if (!goesOn || isOver || hasReached) break;
        await keeper.saveSometimes();
        goesOn = await this.#iteration.step();
        this.#project();
        if (spending.progress * curvePoints >= this.#memory.curve.length + 1) this.#addPoint(true);
        if ((await task.onStep?.(v, spending.gradients)) === false) goesOn = false;
        this.#report((spending.gradients - resumedFrom) / ((performance.now() - began) / 1000));
      }
      // What reached the wanted ratio on all crafting photos is the result; looks for the best are at fewer of them.
      if (attack.keeps === 'best' && !hasReached) v.set(await this.#lookForBest());
      this.#addPoint();
      if (surrogates.views.length > 0) this.#addGrowth();
      const each = surrogates.views.length > 0 ? await this.#measure() : { fooling: [], success: null };
      return {
        v: new Float32Array(v),
        gradients: spending.gradients,
        seconds: spending.seconds,
        ...{ curve: this.#memory.curve, growth: this.#memory.growth },
        ...{ fooling: meanOf(each.fooling), success: meanOf(each.success), each },
        resumedFrom,
      };
    } catch (error) {
      // Interrupted or failed: the last whole step is kept.
      await keeper.save();
      throw error;
    }
  }

  /** All that a checkpoint keeps, as it lies in memory: a snapshot is put back into it. */
  #state() {
    const { state: iteration } = this.#iteration;
    const { state: running } = this.#surrogates.running;
    return { iteration, running, memory: this.#memory, spending: this.#spending.state } satisfies State;
  }

  #project(): void {
    project(this.#iteration.state.v, this.#task.norm, this.#task.epsilon);
  }

  #measure(most?: number) {
    return this.#surrogates.measure(this.#iteration.state.v, {
      most,
      onProgress: (done, total) =>
        this.#task.onProgress?.({ ...nothingYet, stage: 'measure', done, total, gradients: this.#spending.gradients }),
    });
  }

  /** Looks whether v is better than the best so far. Returns the better one. */
  async #lookForBest(): Promise<Float32Array> {
    const { v } = this.#iteration.state;
    const { fooling, success } = await this.#measure(mostLookedAt);
    const fooled = (success ?? fooling).reduce((sum, share) => sum + share.fooled, 0);
    const { best } = this.#memory;
    if (best && fooled <= best.fooled) return best.v;
    this.#memory.best = { v: v.slice(), fooled };
    return v;
  }

  /** The running share is free but lags behind; only when it is promising are all crafting photos measured. */
  async #isGoodEnough(): Promise<boolean> {
    const { running } = this.#surrogates;
    const wanted = this.#task.budget.fooling;
    if (wanted === undefined || running.fooling === null || running.fooling < wanted || !running.full) return false;
    const { fooling, success } = await this.#measure();
    if (meanShare(success ?? fooling).ratio >= wanted) return true;
    running.forget();
    return false;
  }

  /** @param grows Whether v may be kept beside the point: it will be another at the end. */
  #addPoint(grows = false): void {
    const { running } = this.#surrogates;
    if (!running.hasPoint) return;
    const { progress, gradients } = this.#spending;
    this.#memory.curve.push({ gradients, ...running.take() });
    if (grows && progress < 1 && progress * growthPoints >= this.#memory.growth.length + 1) this.#addGrowth();
  }

  #addGrowth(): void {
    const { growth } = this.#memory;
    const { gradients } = this.#spending;
    // What was kept after the last step makes room for the result, which may be another iterate.
    if (growth.at(-1)?.gradients === gradients) growth.pop();
    growth.push({ gradients, middle: middleOf(this.#iteration.state.v, this.#task.photos.size) });
  }

  #report(gradientsPerSecond: number): void {
    const { running } = this.#surrogates;
    this.#task.onProgress?.({
      stage: 'craft',
      ...this.#spending.shown,
      gradients: this.#spending.gradients,
      gradientsPerSecond,
      secondsLeft: this.#spending.secondsLeft(gradientsPerSecond),
      loss: running.loss,
      fooling: running.fooling,
    });
  }
}

/** Without what tells one model; null where there is none. */
function meanOf(shares: readonly ModelShare[] | null): Share | null {
  if (!shares || shares.length === 0) return null;
  const { photos, fooled, ratio, low, high } = meanShare(shares);
  return { photos, fooled, ratio, low, high };
}

const nothingYet: Omit<CraftProgress, 'stage' | 'done' | 'total'> = {
  gradients: 0,
  gradientsPerSecond: 0,
  secondsLeft: null,
  loss: null,
  fooling: null,
};
