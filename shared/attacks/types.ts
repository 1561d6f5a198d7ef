import type { Compute, Pixels } from '#shared/compute';
import type { Budget, CurvePoint, ModelShare, Norm, Share } from '#shared/release';
import type { Graphs } from './graphs.ts';
import type { GrowthPoint } from './growth.ts';

/** A model that a perturbation is crafted on. */
export interface Surrogate {
  id: string;
  /** Its prepared graph: canvas [N,3,S,S] to logits [N,K]. */
  bytes: Uint8Array;
  sha256: string;
  /** Of a hardened network: the index of the class "tampered with", the last. A photo that gets it is not fooled. */
  tampered?: number;
}

/**
 * One surrogate and what it says of the crafting photos as they are. Rows are 2 * position among the crafting photos +
 * mirrored.
 */
export interface SurrogateView {
  surrogate: Surrogate;
  /** How many of the models that were given it stands for: a gradient is counted for each of them. */
  models: number;
  classes: number;
  /** [rows, K]. */
  clean: Float32Array;
  /** The most probable class of every row, "tampered with" left out. */
  labels: Int32Array;
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

/** What is crafted, and for an attack to look at. */
export interface CraftInputs {
  compute: Compute;
  photos: Pixels;
  /** Photos to craft on; no other photo is looked at. */
  crafting: readonly number[];
  norm: Norm;
  /** In units of 0..255. */
  epsilon: number;
  seed: number;
  /** Where work on the surrogates' graphs is done; left out: here, in the middle of everything else. */
  graphs?: Graphs;
  signal?: AbortSignal;
}

/** What crafting is given. */
export interface CraftTask extends CraftInputs {
  surrogates: Surrogate[];
  budget: Budget;
  /**
   * What is known beforehand of what surrogates say of the crafting photos, by the `sha256` of each: logits [rows,K],
   * in the rows of `SurrogateView`. The others are asked.
   */
  clean?: ReadonlyMap<string, Float32Array>;
  onProgress?: (progress: CraftProgress) => void;
  /**
   * Called after each step with v, projected, as it lies in memory: to be looked at and not kept. The craft waits for
   * it, so that it can be shown, measured and paused. `false`: it ends here, with what it has.
   */
  onStep?: (v: Float32Array, gradients: number) => Promise<boolean | undefined> | boolean | undefined;
  checkpoints?: Checkpoints;
}

export interface Crafted {
  /** float32 [3,S,S] in units of 0..255, within the bound. */
  v: Float32Array<ArrayBuffer>;
  gradients: number;
  /** Of all runs together, where a checkpoint was resumed. */
  seconds: number;
  curve: CurvePoint[];
  /**
   * The middle of v at some points of the curve, and as it is in the end; none where no surrogate took part. Of a craft
   * that ended early there are fewer.
   */
  growth: GrowthPoint[];
  /**
   * Fooling ratio on the crafting photos, rounded pixels; over several surrogates the mean, as `meanShare` has it. Null
   * without a surrogate.
   */
  fooling: Share | null;
  /**
   * Of the crafting photos that are not of the target class, the share that is taken for it, over several surrogates
   * the mean; null for an attack without a target.
   */
  success: Share | null;
  /** Both for each surrogate. */
  each: { fooling: ModelShare[]; success: ModelShare[] | null };
  /** Gradients that a resumed run found done. */
  resumedFrom: number;
}

export type { Compute, CurvePoint, Pixels };
