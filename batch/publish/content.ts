import type { Example, ModelCard, PerturbationRecord, PhotoCredit, Study, TransferRow } from '#shared/release';

/** What a release is built from: results only, no key names. Those are given by `buildRelease`. */
export interface ReleaseContent {
  study: Study;
  /** ISO 8601; part of the release's version. */
  created: string;
  commit: string;
  provider: string;
  models: ContentModel[];
  perturbations: ContentPerturbation[];
  transfer: TransferRow[];
  predictions: PredictionRow[];
  /** Only photos that may be shown, each with its credit. */
  photos: ContentPhoto[];
}

export interface ContentModel {
  card: ModelCard;
  /** The prepared graph. */
  bytes: Uint8Array;
  sha256: string;
  /** Label by class index. */
  labels: string[];
}

export interface ContentPerturbation {
  /** Without what names keys. */
  record: Omit<PerturbationRecord, 'examples' | 'files'>;
  /** [3,S,S], 0..255 units. */
  v: Float32Array<ArrayBuffer>;
  /** PNG of v, amplified. */
  preview: Uint8Array;
  examples: { example: Omit<Example, 'key'> /** PNG of the perturbed canvas. */; png: Uint8Array }[];
}

export interface ContentPhoto {
  credit: PhotoCredit;
  /** The file as it was given. */
  bytes: Uint8Array;
  /** PNG of the clean canvas, for photos that examples show. */
  canvas?: Uint8Array;
}

/** One photo on one target, clean and perturbed. */
export interface PredictionRow {
  perturbation: string;
  target: string;
  photo: string;
  clean: number;
  clean_label: string;
  clean_probability: number;
  perturbed: number;
  perturbed_label: string;
  perturbed_probability: number;
  fooled: boolean;
}
