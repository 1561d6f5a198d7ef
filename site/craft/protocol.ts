/** What the page and the worker that crafts say to each other. */
import type { CraftProgress } from '#shared/attacks';
import type { Budget, Fit, Norm, Preprocessing, Share } from '#shared/release';
import type { Runtime } from '../runtime/index.ts';

/** A prepared network: canvas [N,3,S,S] to logits [N,K]. */
export interface CraftNetwork {
  id: string;
  title: string;
  /** SHA-256 of the prepared graph. */
  sha256: string;
  /** The graph, or where it lies. */
  graph: { url: string; bytes: number } | { bytes: Uint8Array };
  /** By class index, or where they lie. */
  labels: string[] | { url: string };
  /** Of a hardened network: the class "tampered with". */
  tampered?: number;
  /** SHA-256 of the file as its makers published it, for the record. */
  source?: string;
  preprocessing?: Preprocessing;
}

export interface CraftPhoto {
  /** Its file's name, which decides on which side it stands. */
  name: string;
  /** An address; of the visitor's own photos a blob: one. */
  url: string;
}

/** Everything that a craft is made from. */
export interface CraftOrder {
  network: CraftNetwork;
  /** Other networks that the result is tried on, once it is there. */
  others: CraftNetwork[];
  /** Side of the canvas in pixels. */
  canvas: number;
  fit: Fit;
  /**
   * Photos, which are divided as everywhere: about half craft, by the hash of their names. Where `synthetic` says so,
   * that many pictures drawn from the seed craft, and all photos are held out.
   */
  photos: CraftPhoto[];
  synthetic: number | null;
  attack: string;
  /** What differs from the attack's defaults. */
  settings: Record<string, unknown>;
  norm: Norm;
  epsilon: number;
  seed: number;
  budget: Budget;
  runtime: Runtime;
  /** Of a craft that broke off: it goes on from there. */
  checkpoint?: Uint8Array;
}

/** What the page asks of the worker. After `stop` a craft ends after its step, with what it has. */
export type CraftTask = { type: 'craft'; order: CraftOrder } | { type: 'pause' } | { type: 'goOn' } | { type: 'stop' };

/**
 * What the worker is at. runtime, network, photos: loading; clean: what the network reads in the crafting photos;
 * graph: writing the backward pass into the network; craft; look: held-out photos, now and then; measure: all held-out
 * photos, and noise on them; others: the same on other networks.
 */
export type Doing = 'runtime' | 'network' | 'photos' | 'clean' | 'graph' | 'craft' | 'look' | 'measure' | 'others';

/** A photo that is shown while a pattern grows, and what the network reads in it as it is. */
export interface Shown {
  name: string;
  /** Whether it crafts; else it is held out. */
  crafts: boolean;
  /** Its canvas, [3,S,S]. */
  canvas: Uint8Array;
  before: Reading;
}

export interface Reading {
  index: number;
  label: string;
  probability: number;
}

/**
 * What one network says of the result: fooling on held-out photos, beside noise of the same bound. `p`: how likely so
 * uneven a split is where both fool alike (exact McNemar test on the same photos).
 */
export interface CraftMeasured {
  network: string;
  title: string;
  fooling: Share;
  noise: Share;
  p: number;
}

/** Everything that a craft leaves. */
export interface CraftResult {
  /** float32 [3,S,S] in units of 0..255. */
  v: Float32Array;
  canvas: number;
  /** As `atlas craft` writes it, and what was measured here beside it. */
  record: Record<string, unknown>;
  /** Of perturbations as of files: what the command line and the releases call it. */
  id: string;
  /** Whether it was ended by hand before its budget. */
  stopped: boolean;
}

export type CraftReport =
  | { type: 'doing'; what: Doing; done: number; total: number }
  /** The photos are known, and which of them craft. */
  | { type: 'began'; crafting: number; heldOut: number; skipped: { name: string; why: string }[]; shown: Shown[] }
  /** At most some times a second. `v` is a copy. */
  | { type: 'step'; progress: CraftProgress; v: Float32Array }
  /**
   * Fooling on the held-out photos that are looked at, with v on them; and what is read in the photos that are shown,
   * in their order.
   */
  | { type: 'looked'; gradients: number; heldOut: Share | null; shown: Reading[]; v: Float32Array }
  | { type: 'checkpoint'; bytes: Uint8Array }
  | { type: 'crafted'; result: CraftResult }
  | { type: 'measured'; measured: CraftMeasured }
  | { type: 'done'; result: CraftResult; seconds: number }
  /** `says` is for visitors; `lost`: the runtime broke down, and another worker may go on from the checkpoint. */
  | { type: 'failed'; says: string; lost: boolean };
