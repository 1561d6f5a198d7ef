import type { Match } from '#shared/identify';
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

/** A pattern as the picture of it tells it: 128 + 127 v / linf in 8 bits, which is as much as looking for it takes. */
export interface Amplified {
  id: string;
  preview: string;
  linf: number;
}

/** What was found of patterns that were looked for, best first. */
export interface Identified {
  matches: Match[];
  tried: number;
}

/**
 * What the page asks of the worker: these pixels, what a network reads in them, that all for that is loaded, both
 * for what a camera sees, or which of some patterns is on a photo.
 */
export type Task = { id: number } & (
  | ({ type: 'draw' } & Perturbed)
  | ({ type: 'read'; model: ModelFiles /** How many labels to answer. */; top: number } & Perturbed)
  | ({ type: 'load'; model: ModelFiles } & Perturbed)
  | ({ type: 'see'; frame: Pixels; model: ModelFiles; top: number } & Pick<
      Perturbed,
      'perturbation' | 'strength' | 'size'
    >)
  | { type: 'identify'; photo: string; size: number; patterns: readonly Amplified[] }
);

/** What the worker says of a task, and of all downloads together. `says` is null where it has no words for visitors. */
export type Report =
  | ({ type: 'progress' } & Progress)
  | { type: 'drawn'; id: number; picture: Picture }
  | { type: 'read'; id: number; clean: Prediction[]; perturbed: Prediction[]; milliseconds: number }
  | { type: 'loaded'; id: number }
  | { type: 'seen'; id: number; picture: Picture; clean: Prediction[]; perturbed: Prediction[]; milliseconds: number }
  | ({ type: 'identified'; id: number } & Identified)
  | { type: 'failed'; id: number; stage: Stage; says: string };

/** RGBA, size x size. */
export type Pixels = Uint8ClampedArray<ArrayBuffer>;
