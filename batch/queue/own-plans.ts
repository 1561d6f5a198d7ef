/** The plans on a queue that this machine has a part in, and what it does their jobs on. */
import { AtlasError } from '#shared/errors';
import { closeMachine, computeOf, type Job, type Machine } from '../jobs/index.ts';
import type { Queue } from './boss.ts';
import { type Announcement, announced } from './plans.ts';

/** A plan as this machine makes it. */
export interface OwnPlan {
  plan: string;
  /** By key; only those that are handed out. */
  jobs: ReadonlyMap<string, Job>;
  keys: ReadonlyMap<Job, string>;
}

export interface OwnPlansOptions {
  queue: Queue;
  /** Plans as this machine's code does. @throws AtlasError that says why none of its jobs is taken. */
  planned(of: Announcement): Promise<OwnPlan>;
  /** What jobs of this provider run on. */
  machineFor(provider: string): Machine;
  /** Steps that are done; left out: all. */
  only?: readonly string[];
  signal?: AbortSignal;
}

/** Milliseconds after which new plans are looked for. */
const LOOK_MS = 3000;

export class OwnPlans {
  readonly #options: OwnPlansOptions;
  readonly #notice: (text: string) => void;
  readonly #own = new Map<string, { of: Announcement; own: OwnPlan }>();
  /** Plans that this machine takes nothing of. */
  readonly #others = new Set<string>();
  readonly #machines = new Map<string, Machine>();
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(options: OwnPlansOptions, notice: (text: string) => void) {
    this.#options = options;
    this.#notice = notice;
  }

  /** Hashes of the plans. */
  names(): Iterable<string> {
    return this.#own.keys();
  }

  /** The plans, the oldest first. New ones are looked for now and then. */
  async all(): Promise<{ of: Announcement; own: OwnPlan }[]> {
    if (performance.now() - this.#lookedAt >= LOOK_MS) await this.#look();
    return [...this.#own.values()];
  }

  machineFor(provider: string): Machine {
    const known = this.#machines.get(provider) ?? this.#options.machineFor(provider);
    this.#machines.set(provider, known);
    return known;
  }

  async close(): Promise<void> {
    for (const machine of this.#machines.values()) await closeMachine(machine);
  }

  async #look(): Promise<void> {
    const { queue, planned, signal } = this.#options;
    const found = await announced(queue);
    this.#lookedAt = performance.now();
    const here = new Set(found.map(({ plan }) => plan));
    for (const plan of this.#own.keys()) if (!here.has(plan)) this.#own.delete(plan);
    for (const of of found) {
      if (this.#own.has(of.plan) || this.#others.has(of.plan)) continue;
      try {
        const own = await planned(of);
        await this.#tryMachine(of, own);
        this.#own.set(of.plan, { of, own });
      } catch (error) {
        signal?.throwIfAborted();
        if (!(error instanceof AtlasError)) throw error;
        this.#others.add(of.plan);
        this.#notice(`None of the jobs of ${of.study} is taken: ${error.message}`);
      }
    }
  }

  /** Jobs are not taken that could only fail here. */
  async #tryMachine({ provider }: Announcement, { jobs }: OwnPlan): Promise<void> {
    const { only } = this.#options;
    const runsModels = [...jobs.values()].some(
      ({ step, work }) => work.gradients + work.forwards > 0 && (!only || only.includes(step)),
    );
    if (runsModels) await computeOf(this.machineFor(provider));
  }
}
