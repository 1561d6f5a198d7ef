import type { z } from 'zod';
import type { Budget, Norm, Share } from '#shared/release';
import type { Compute, Pixels, Program } from '../compute/index.ts';
import type { State } from './state.ts';
import type { Work } from './work.ts';

/** A model that a perturbation is crafted on. */
export interface Surrogate {
  id: string;
  /** Its prepared graph: canvas [N,3,S,S] to logits [N,K]. */
  bytes: Uint8Array;
  sha256: string;
}

/** One surrogate and what it says of the crafting photos as they are. Rows are 2 * position among the crafting photos + mirrored. */
export interface Side {
  surrogate: Surrogate;
  classes: number;
  /** [rows, K]. */
  clean: Float32Array;
  /** The most probable class of every row. */
  labels: Int32Array;
}

export interface CurvePoint {
  gradients: number;
  /** Mean over the photos since the last point. */
  loss: number;
  /** Share of those photos that the perturbation of that moment had fooled, before rounding; null where no photo was looked at. */
  fooling: number | null;
}

export interface CraftProgress {
  /** clean: predictions of the photos as they are; craft; measure: the perturbation on the crafting photos. */
  stage: 'clean' | 'craft' | 'measure';
  done: number;
  total: number;
  gradients: number;
  /** 0 before the first. */
  gradientsPerSecond: number;
  secondsLeft: number | null;
  loss: number | null;
  fooling: number | null;
}

/** Where the state of a craft is kept, so that a killed one goes on as if nothing had happened. */
export interface Checkpoints {
  /** null when there is none. */
  load(): Promise<Uint8Array | null>;
  save(bytes: Uint8Array): Promise<void>;
  /** Seconds between two of them; default 20. */
  every?: number;
}

/** What crafting is given. */
export interface CraftTask {
  compute: Compute;
  surrogates: Surrogate[];
  photos: Pixels;
  /** Photos to craft on; no other photo is looked at. */
  crafting: readonly number[];
  norm: Norm;
  /** In units of 0..255. */
  epsilon: number;
  seed: number;
  budget: Budget;
  signal?: AbortSignal;
  onProgress?: (progress: CraftProgress) => void;
  checkpoints?: Checkpoints;
}

export interface Crafted {
  /** float32 [3,S,S] in units of 0..255, within the bound. */
  v: Float32Array<ArrayBuffer>;
  gradients: number;
  /** Of all runs together, where a checkpoint was resumed. */
  seconds: number;
  curve: CurvePoint[];
  /** Fooling ratio on the crafting photos, rounded pixels; over several surrogates, every photo on each. Null without a surrogate. */
  fooling: Share | null;
  /** Of the crafting photos that are not of the target class, the share that is taken for it; null for an attack without a target. */
  success: Share | null;
  /** Gradients that a resumed run found done. */
  resumedFrom: number;
}

/** Where a method comes from. */
export interface Paper {
  authors: string;
  title: string;
  year: number;
  venue?: string;
  arxiv?: string;
}

/** One craft under way. */
export interface Course {
  /** All that changes from step to step. A checkpoint is a copy of it, put back in place. */
  state: State & { v: Float32Array };
  /** One step: moves state.v; the caller projects it. `false` when there is nothing left to do. */
  step(): Promise<boolean>;
}

export interface Attack<Schema extends z.ZodObject = z.ZodObject> {
  name: string;
  /** What it does, in one sentence. */
  summary: string;
  paper: Paper | null;
  /** false: it looks at no model and at no photo. */
  usesModel: boolean;
  /** Whether these settings craft without photos; those that are given then only measure. Left out: never. */
  dataFree?(settings: z.infer<Schema>): boolean;
  /** Whether it knows what several surrogates at once mean. */
  ensembles: boolean;
  /** Which iterate is kept: the last, or the one that fooled most crafting photos when they were looked at. */
  keeps: 'last' | 'best';
  settings: Schema;
  begin(work: Work, settings: z.infer<Schema>): Promise<Course> | Course;
}

/** Keeps the type of the settings while the table of attacks forgets it. */
export function attack<Schema extends z.ZodObject>(definition: Attack<Schema>): Attack {
  return definition as unknown as Attack;
}

export type { Compute, Pixels, Program };
