import type { Fit, Prediction } from '#shared/release';
import type { ModelFiles } from './data.ts';
import type { Stage } from './failure.ts';
import type { Picture, Progress } from './machine.ts';

/** A canvas with a perturbation on it. */
export interface Perturbed {
  /** Addresses; a photo's may be a blob: URL. */
  photo: string;
  perturbation: string;
  strength: number;
  /** Side of the canvas in pixels. */
  size: number;
  /** How the photo becomes a canvas. */
  fit: Fit;
}

/** What the page asks of the worker: these pixels, what a network reads in them, or that all for that is loaded. */
export type Task = { id: number } & (
  | ({ type: 'draw' } & Perturbed)
  | ({ type: 'read'; model: ModelFiles /** How many labels to answer. */; top: number } & Perturbed)
  | ({ type: 'load'; model: ModelFiles } & Perturbed)
);

/** What the worker says of a task, and of all downloads together. `says` is null where it has no words for visitors. */
export type Report =
  | ({ type: 'progress' } & Progress)
  | { type: 'drawn'; id: number; picture: Picture }
  | { type: 'read'; id: number; clean: Prediction[]; perturbed: Prediction[]; milliseconds: number }
  | { type: 'loaded'; id: number }
  | { type: 'failed'; id: number; stage: Stage; says: string };

/** RGBA, size x size. */
export type Pixels = Uint8ClampedArray<ArrayBuffer>;
