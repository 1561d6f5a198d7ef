/** How fast this machine did jobs before: for the time left, and for the plan that is shown before anything runs. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { readJson, writeAtomic } from '../files/index.ts';
import type { Job, Work } from './job.ts';

const measured = z.record(z.string(), z.object({ seconds: z.number(), units: z.number() }));
type Measured = z.infer<typeof measured>;

/** Share that what was known before keeps when a job is measured again: the machine may have been busy then, or now. */
const memory = 0.5;
/** Work of one gradient, in forward passes: the pass itself and the way back. */
const gradientWork = 3;

/** Where speeds are kept: the same for every study of this user on this machine. */
export function speedsFile(): string {
  const { XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  const cache = XDG_CACHE_HOME || LOCALAPPDATA || join(homedir(), '.cache');
  return join(cache, 'perturbation-atlas', 'speeds.json');
}

/** The main count of a job's work: what its time is proportional to. */
const unitsOf = ({ gradients, forwards, photos }: Work) => gradients || forwards || photos || 1;
/** Comparable between steps, roughly. */
const effortOf = ({ gradients, forwards, photos }: Work) => gradientWork * gradients + forwards + photos || 1;

/** Seconds, and what was done in them. */
interface Rate {
  seconds: number;
  units: number;
}

export class Speeds {
  readonly #known: Measured;
  /** Provider and threads. */
  readonly #setup: string;
  /** Of this run: by step in its units, and over all jobs that run models in forward passes. */
  readonly #steps = new Map<string, Rate>();
  readonly #models: Rate = { seconds: 0, units: 0 };

  constructor(known: Measured, setup: string) {
    this.#known = known;
    this.#setup = setup;
  }

  /** @param setup What the speed of every job depends on: provider and threads. */
  static async load(setup: string, file = speedsFile()): Promise<Speeds> {
    return new Speeds(await readJson(file, measured, 'list of speeds').catch(() => ({})), setup);
  }

  /** Keeps what was learnt. A machine that lets nothing be written there learns nothing. */
  async save(file = speedsFile()): Promise<void> {
    await writeAtomic(file, `${JSON.stringify(this.#known, null, 2)}\n`).catch(() => undefined);
  }

  /** A job is done. */
  learn(job: Job, seconds: number): void {
    const { step, work } = job;
    // What ended early or by the clock says nothing of speed.
    if (work.atMost || work.seconds !== undefined) return;
    const units = unitsOf(work);
    const ofStep = this.#steps.get(step) ?? { seconds: 0, units: 0 };
    this.#steps.set(step, { seconds: ofStep.seconds + seconds, units: ofStep.units + units });
    if (work.gradients + work.forwards > 0) {
      this.#models.seconds += seconds;
      this.#models.units += effortOf(work);
    }
    const before = this.#known[this.#nameOf(job)] ?? { seconds: 0, units: 0 };
    this.#known[this.#nameOf(job)] = {
      seconds: memory * before.seconds + seconds,
      units: memory * before.units + units,
    };
  }

  /**
   * Seconds that a job takes here, from what was measured of the very same kind of work; null where that is nothing.
   */
  expect(job: Job): number | null {
    const { work } = job;
    if (work.seconds !== undefined) return work.seconds;
    return take(this.#known[this.#nameOf(job)], unitsOf(work));
  }

  /**
   * The same, and where nothing is known of that kind of work a guess: from this run's jobs of the same step, or from
   * all that ran models.
   * @param running The job that runs, and how long all of it will take at its present speed.
   */
  guess(job: Job, running: { job: Job; seconds: number } | null): number | null {
    const { step, work } = job;
    const now = running && { seconds: running.seconds, units: unitsOf(running.job.work) };
    const sameStep = this.#steps.get(step) ?? (running?.job.step === step ? now : null);
    const models =
      this.#models.units > 0 || !running
        ? this.#models
        : { seconds: running.seconds, units: effortOf(running.job.work) };
    return this.expect(job) ?? take(sameStep, unitsOf(work)) ?? take(models, effortOf(work));
  }

  #nameOf(job: Job): string {
    return `${this.#setup} ${job.step} ${job.work.on ?? ''}`;
  }
}

const take = (rate: Rate | null | undefined, units: number) =>
  rate && rate.units > 0 ? (units * rate.seconds) / rate.units : null;
