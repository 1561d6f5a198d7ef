import type { Fit, Norm } from '#shared/release';

/** What the wall shows, made at build time from the release's predictions. */
export interface WallData {
  /** Side of a canvas, and of a tile, in pixels. */
  size: number;
  tile: number;
  /** Tiles in a row of the sheet. */
  columns: number;
  /** How photos become canvases. */
  fit: Fit;
  photos: { id: string; name: string; url: string }[];
  models: { id: string; title: string }[];
  perturbations: {
    id: string;
    number: number;
    name: string;
    preview: string;
    linf: number;
    surrogates: string[];
    npy: string;
    norm: Norm;
    epsilon: number;
  }[];
  start: { model: string; perturbation: string };
}

/** What every network reads in every photo, as places in `labels`; photos are in the order of the wall. */
export interface WallReadings {
  /** Class index, label, and what kind of thing that is; null where the classes are not grouped. */
  labels: (readonly [index: number, label: string, kind: string | null])[];
  clean: Record<string, number[]>;
  /** By model, then by perturbation. */
  perturbed: Record<string, Record<string, number[]>>;
}
