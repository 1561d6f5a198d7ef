/** What a model is asked, one run at a time, and what it answers. No code, only shapes. */

/** An ONNX file under the name of its content: whoever runs it keeps a session for each key. */
export interface Program {
  /** SHA-256 of the bytes, or any name that no other content has. */
  key: string;
  bytes: Uint8Array;
}

/**
 * The photos as uint8 canvases [P, 3, size, size], one after the other. Best over a SharedArrayBuffer: threads then
 * read them in place.
 */
export interface Pixels {
  pixels: Uint8Array;
  size: number;
}

/** One photo of a batch, mirrored or not. */
export interface Item {
  photo: number;
  flip: boolean;
  /** How many pixels the photo is moved right and down (less than the canvas has), before v is added. */
  shift?: readonly [number, number];
  /** How many times larger the photo is made about its centre before it is moved; 1 or more. */
  zoom?: number;
  /** How many times farther from middle grey photo and v together are shown; 1 when left out. */
  contrast?: number;
  /** Factor of this item's gradient in the sum; 1 when left out. */
  weight?: number;
  /** Row of the tables that belongs to this item, where there are tables. */
  row?: number;
}

/**
 * How canvas and perturbation become the model's input: `rounded`, round(clip(canvas + v)), as results are measured;
 * `clipped`, clip(canvas + v), as gradients are taken; `free`, canvas + v as it is, as differences of a Jacobian are
 * taken.
 */
export type PixelRule = 'rounded' | 'clipped' | 'free';

/**
 * An input of the program of which each item is fed one row, that of its `row`: `data` is [rows, width]. Integers are
 * handed over as int64, as ONNX labels are, or as int32 to graphs for a GPU.
 */
export interface Table {
  data: Float32Array | Int32Array;
  width: number;
}

/** One run of a program. */
export interface Job {
  program: Program;
  photos: Pixels;
  items: Item[];
  /** Added to every canvas; null for the photos as they are. */
  perturbation: Float32Array | null;
  rule: PixelRule;
  tables: Record<string, Table>;
  /** Inputs that are the same for every item: float32 vectors. */
  constants: Record<string, Float32Array>;
  /** Whether the program has outputs `loss` and `gradient` besides `logits`. */
  gradient: boolean;
  /** Another output of the program that is handed back beside the logits. */
  beside?: string;
  /**
   * [M, K]: M gradients of a single item, each of the sum of logits times one of these rows, are wanted instead of a
   * sum over items.
   */
  cotangents?: Table & { data: Float32Array };
}

export interface JobResult {
  /** [items, K]. */
  logits: Float32Array;
  /** What the output `beside` has, [items, F]; empty where none was asked for. */
  beside: Float32Array;
  /** [items]; empty without gradient. */
  losses: Float32Array;
  /** Sum over the items, [3, size, size]; with cotangents [M, 3, size, size]; empty without gradient. */
  gradient: Float32Array;
}
