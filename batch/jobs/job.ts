/** Jobs: the units of a plan, as data. What a job needs is not listed: it is the jobs among its inputs. */
import type { z } from 'zod';
import type { Machine } from './machine.ts';

/** How much there is to do, for sums and for the time left. */
export interface Work {
  /** Input gradients, one for each photo of each step on each surrogate. */
  gradients: number;
  /** Forward passes, one for each photo on each model. */
  forwards: number;
  /** Photos that are read, or looked at without a model. */
  photos: number;
  /** Seconds that it takes whatever the machine, where a budget says so. */
  seconds?: number;
  /** It may end earlier: its budget names a fooling ratio. */
  atMost?: boolean;
  /** What its speed depends on besides step, provider and threads, such as the models that it runs. */
  on?: string;
}

export const noWork: Work = { gradients: 0, forwards: 0, photos: 0 };

/** How far the job that runs has come. */
export interface Item {
  done: number;
  total: number;
  unit: 'gradients' | 'photos' | 'seconds';
  /** Measured here where it is left out. */
  perSecond?: number;
  /** On crafting photos, so far. */
  fooling?: number | null;
  /** Not the work of the job itself, but what it looks at before and after. */
  aside?: boolean;
}

/** Where a job puts down what it has so far, so that whoever does it next goes on from there, to the same bytes. */
export interface JobCheckpoints {
  /** null where there is none. */
  load(): Promise<Uint8Array | null>;
  save(bytes: Uint8Array): Promise<void>;
}

/** What a job is given when it runs. */
export interface JobContext {
  machine: Machine;
  signal?: AbortSignal;
  report(item: Item): void;
  /** Left out where nothing is kept of a job that is not done. */
  checkpoints?: JobCheckpoints;
}

/** What a job leaves behind. */
export interface Output<Result = unknown> {
  key: string;
  /** Where its files are. */
  folder: string;
  /** SHA-256 of what it is, whatever made it: of its result and its files. */
  digest: string;
  commit: string;
  seconds: number;
  result: Result;
  /** Whether it was there already. */
  resumed: boolean;
}

/** Inputs as they are when the job runs: every job among them is its output. */
export type Outputs<T> =
  T extends Job<infer Result> ? Output<Result> : T extends object ? { [Name in keyof T]: Outputs<T[Name]> } : T;

export interface Done<Result> {
  result: Result;
  /** Content by file name; a list of parts is written one after the other. */
  files?: Record<string, Uint8Array | readonly Uint8Array[]>;
}

/** What a job does; methods, so that jobs of different results fit into one list. */
interface Doing<Result> {
  identity(result: Result): unknown;
  run(context: JobContext, inputs: object, before: Output<Result> | null): Promise<Done<Result>>;
  isThere(output: Output<Result>): Promise<boolean>;
}

/** A unit of a plan. Plain data, but for the schema of its result and for what it does. */
export class Job<Result = unknown> {
  /** The kind of job, such as "craft". */
  readonly step: string;
  /** Tells it from the others of its step, for people. */
  readonly id: string;
  /** All that the result depends on besides the code: plain data, with the jobs whose outputs it is made from. */
  readonly inputs: object;
  readonly work: Work;
  /** Modules whose code makes the result: the step's own, and further ones such as an attack's. */
  readonly code: readonly string[];
  /** It is done on the machine that has the study's files, whoever does the others. */
  readonly isLocal: boolean;
  readonly result: z.ZodType<Result>;
  /** The part of the result that other results can depend on; all of it when left out. */
  readonly identity: Doing<Result>['identity'];
  readonly run: Doing<Result>['run'];
  /** Whether what a found output stands for is still there. */
  readonly isThere: Doing<Result>['isThere'];
  /** The jobs among its inputs, each once, in the order of the inputs. */
  readonly needs: readonly Job[];

  constructor(of: Omit<Job<Result>, 'needs'>) {
    this.step = of.step;
    this.id = of.id;
    this.inputs = of.inputs;
    this.work = of.work;
    this.code = of.code;
    this.isLocal = of.isLocal;
    this.result = of.result;
    this.identity = of.identity;
    this.run = of.run;
    this.isThere = of.isThere;
    const needs = new Set<Job>();
    collect(of.inputs, needs);
    this.needs = [...needs];
  }
}

function collect(value: unknown, into: Set<Job>): void {
  if (value instanceof Job) into.add(value);
  else if (typeof value === 'object' && value !== null) for (const inner of Object.values(value)) collect(inner, into);
}

/** A kind of job. */
export interface Step<Inputs extends object, Result, Place> {
  name: string;
  /** `import.meta.url` of the module that has `run`: its code is found from there. */
  source: string;
  /** It reads or writes files that lie beside the study: it is done on that machine, whoever does the others. */
  isLocal?: true;
  result: z.ZodType<Result>;
  identity?: (result: Result) => unknown;
  /**
   * @param inputs With the outputs of the jobs that it needs.
   * @param place Where things are on this machine, and how they are called: what no result depends on.
   * @param before The output of an earlier run whose `isThere` has become false.
   */
  run(context: JobContext, inputs: Outputs<Inputs>, place: Place, before: Output<Result> | null): Promise<Done<Result>>;
  /** Whether what a found output stands for is still there; left out: it always is. */
  isThere?(output: Output<Result>, place: Place): Promise<boolean>;
}

export type NewJob<Inputs, Place> = {
  id: string;
  inputs: Inputs;
  work?: Work;
  /** Modules besides the step's own. */
  code?: readonly string[];
} & (Place extends undefined ? { place?: undefined } : { place: Place });

/** Makes jobs of a step. */
export function defineStep<Inputs extends object, Result, Place = undefined>(
  step: Step<Inputs, Result, Place>,
): (of: NewJob<Inputs, Place>) => Job<Result> {
  return ({ id, inputs, work = noWork, code = [], place }) =>
    new Job<Result>({
      ...{ step: step.name, id, inputs, work, code: [step.source, ...code] },
      isLocal: step.isLocal ?? false,
      result: step.result,
      identity: step.identity ?? ((result) => result),
      run: (context, outputs, before) => step.run(context, outputs as Outputs<Inputs>, place as Place, before),
      isThere: async (output) => step.isThere?.(output, place as Place) ?? true,
    });
}

/** The same data with every job in it replaced. */
export function withJobs(value: unknown, replace: (job: Job) => unknown): unknown {
  if (value instanceof Job) return replace(value);
  if (Array.isArray(value)) return value.map((inner) => withJobs(inner, replace));
  if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)) {
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, withJobs(inner, replace)]));
  }
  return value;
}

/**
 * Jobs, and what they need, in an order in which they can be done: as they were given, and what is needed before what
 * needs it.
 */
export function inOrder(jobs: readonly Job[]): Job[] {
  const ordered = new Set<Job>();
  const visit = (job: Job) => {
    if (ordered.has(job)) return;
    for (const need of job.needs) visit(need);
    ordered.add(job);
  };
  for (const job of jobs) visit(job);
  return [...ordered];
}
