/** What may be asked of whatever runs models, be it threads of Node or a browser. */
import type { Item, PixelRule, Pixels, Program, Table } from './jobs.ts';

export interface LogitsTask {
  /** A prepared model: `canvas` [N,3,S,S] to `logits` [N,K]. */
  program: Program;
  photos: Pixels;
  items: Item[];
  /** [3,S,S], or one for each item; left out or null: the photos as they are. */
  v?: Float32Array | Float32Array[] | null;
  /** Default `rounded`. */
  rule?: PixelRule;
  /** Further inputs of the program that are the same for every item. */
  constants?: Record<string, Float32Array>;
  /** Another output of the program, [N, F], that is handed back beside the logits. */
  beside?: string;
  signal?: AbortSignal;
  /** Called as items are finished. */
  onProgress?: (done: number) => void;
}

export interface GradientTask {
  /** A prepared model with a loss, differentiated: outputs `logits`, `loss` [N] and `gradient` [N,3,S,S]. */
  program: Program;
  photos: Pixels;
  items: Item[];
  v: Float32Array;
  /**
   * Inputs of the loss that differ from photo to photo, such as `reference` or `labels`: an item is fed the row that
   * its `row` names.
   */
  tables?: Record<string, Table>;
  /** Inputs of the loss that are the same for every item, such as `centre`. */
  constants?: Record<string, Float32Array>;
  signal?: AbortSignal;
}

export interface ClassGradientsTask {
  /**
   * `withCotangent` of a prepared model, differentiated: inputs `canvas` and `cotangent`, outputs `logits`, `loss` and
   * `gradient`.
   */
  program: Program;
  photos: Pixels;
  /**
   * Each a photo, the perturbation [3,S,S] that is added to it, and the cotangents [M,K]: the weights of its logits in
   * M sums.
   */
  points: { item: Item; v: Float32Array; cotangents: Float32Array }[];
  /** K. */
  classes: number;
  /**
   * For models that mix the batch with other axes (`keepsBatchApart` is false): the photo goes through once for every
   * cotangent.
   */
  repeat?: boolean;
  signal?: AbortSignal;
}

/** Everything that runs models. One for a command: open it, use it, close it. */
export interface Compute<Provider extends string = string> {
  /** Name of the execution provider, for records: "cpu", "cuda", "webgpu", "wasm". */
  readonly provider: Provider;
  readonly workers: number;
  /** Which operators gradient graphs should be written in for this provider: an option of `differentiate`. */
  readonly profile: 'cpu' | 'gpu';
  /**
   * Photos that go through the model together; a property of the provider alone, since it decides how sums are rounded.
   */
  readonly microBatch: number;
  /** Logits [items, K] of photos, perturbed or not; and [items, F] of what was asked for beside them, else nothing. */
  logits(task: LogitsTask): Promise<{ logits: Float32Array; classes: number; beside: Float32Array }>;
  /**
   * The sum over the items, each times its weight, of the gradient of its loss with respect to its pixels, [3,S,S];
   * with the losses [items] and the logits [items, K].
   */
  gradient(
    task: GradientTask,
  ): Promise<{ gradient: Float32Array; losses: Float32Array; logits: Float32Array; classes: number }>;
  /**
   * M gradients of every point, [M,3,S,S], each of one weighted sum of its logits, and the logits [K]: one forward pass
   * for all gradients of a point, since what it left behind broadcasts against the cotangents, unless the task says
   * `repeat`.
   */
  classGradients(task: ClassGradientsTask): Promise<{ gradients: Float32Array; logits: Float32Array }[]>;
  /** Gives back the sessions of one program, or of all. */
  release(key?: string): Promise<void>;
  /** Ends the threads; running work is rejected. May be called twice. */
  close(): Promise<void>;
}
