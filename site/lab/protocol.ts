import type { Fit, Prediction } from '#shared/release';

/** What the page asks of the worker: these pixels, and, where a model is named, what it reads in them. */
export interface Task {
  id: number;
  /** Addresses; a photo's may be a blob: URL. */
  photo: string;
  perturbation: string;
  strength: number;
  /** Side of the canvas in pixels. */
  size: number;
  /** How the photo becomes a canvas. */
  fit: Fit;
  /** How many labels to answer. */
  top: number;
  /** null: pixels only, the labels come from elsewhere. */
  model: ModelFiles | null;
}

export interface ModelFiles {
  url: string;
  bytes: number;
  labels: string;
}

/** What the worker reports: progress of downloads, then pixels, then labels; or a failure. */
export type Report =
  | { type: 'progress'; loaded: number; total: number }
  | { type: 'pixels'; id: number; clean: Pixels; perturbed: Pixels; linf: number; psnr: number | null }
  | { type: 'labels'; id: number; clean: Prediction[]; perturbed: Prediction[]; milliseconds: number }
  | { type: 'failed'; id: number; message: string };

/** RGBA, size x size. */
export type Pixels = Uint8ClampedArray<ArrayBuffer>;

/** A model, perturbation and photo that the visitor can choose; made at build time from the release. */
export interface LabData {
  size: number;
  fit: Fit;
  models: ({ id: string; title: string } & ModelFiles)[];
  perturbations: {
    id: string;
    number: number;
    /** How a menu tells it from the others. */
    name: string;
    npy: string;
    preview: string;
    page: string;
  }[];
  photos: { id: string; name: string; url: string; credit: string; source: string }[];
  /** Known answers of the record, shown at once while a model loads. */
  known: { photo: string; model: string; perturbation: string; clean: Prediction; perturbed: Prediction }[];
  start: { photo: string; model: string; perturbation: string };
}
