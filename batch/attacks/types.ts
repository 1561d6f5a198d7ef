import type { z } from 'zod';
import type { Budget, Norm, Share } from '#shared/release';
import type { Compute, Pixels, Program } from '../compute/index.ts';

/** A model that a perturbation is crafted on. */
export interface Surrogate {
  id: string;
  /** Its prepared graph: canvas [N,3,S,S] to logits [N,K]. */
  bytes: Uint8Array;
  sha256: string;
}

export interface CurvePoint {
  gradients: number;
  /** Mean over the photos since the last point. */
  loss: number;
  /** Share of those photos whose label the perturbation of that moment had changed, before rounding; null where no model is used. */
  fooling: number | null;
}

export interface CraftProgress {
  /** clean: predictions of the photos as they are; craft; measure: the finished perturbation on the crafting photos. */
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

/** What every attack is given. */
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
}

export interface Crafted {
  /** float32 [3,S,S] in units of 0..255, within the bound. */
  v: Float32Array<ArrayBuffer>;
  gradients: number;
  seconds: number;
  curve: CurvePoint[];
  /** Fooling ratio on the crafting photos, rounded pixels; over several surrogates, every photo on each. Null without a surrogate. */
  fooling: Share | null;
}

/** Where a method comes from. */
export interface Paper {
  authors: string;
  title: string;
  year: number;
  venue?: string;
  arxiv?: string;
}

export interface Attack<Schema extends z.ZodObject = z.ZodObject> {
  name: string;
  /** What it does, in one sentence. */
  summary: string;
  paper: Paper | null;
  /** false: it looks at no model and at no photo. */
  usesModel: boolean;
  settings: Schema;
  craft(task: CraftTask, settings: z.infer<Schema>): Promise<Crafted>;
}

/** Keeps the type of the settings while the table of attacks forgets it. */
export function attack<Schema extends z.ZodObject>(definition: Attack<Schema>): Attack {
  return definition as unknown as Attack;
}

export type { Compute, Pixels, Program };
