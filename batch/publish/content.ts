import type {
  Example,
  Manifest,
  ModelCard,
  PerturbationRecord,
  PhotoCredit,
  ReleaseRun,
  Study,
  TableColumn,
} from '#shared/release';

/** What a release is built from: results only, no key names. Those are given by `buildRelease`. */
export interface ReleaseContent {
  study: Study;
  /** When, how long and where it was made: no part of the version. */
  run: ReleaseRun;
  provider: string;
  models: ContentModel[];
  perturbations: ContentPerturbation[];
  /** Measured, and not published: tables have their rows. */
  unpublished?: NonNullable<Manifest['unpublished']>;
  tables: ContentTable[];
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
  record: Omit<PerturbationRecord, 'examples' | 'files' | 'commit' | 'seconds' | 'growth'>;
  /** [3,S,S], 0..255 units. */
  v: Float32Array<ArrayBuffer>;
  /** PNG of v, amplified. */
  preview: Uint8Array;
  /** How it grew: side of a picture, gradients after which each was taken, and the PNG of all, from left to right. */
  growth?: { side: number; gradients: number[]; png: Uint8Array };
  examples: { example: Omit<Example, 'key'> /** PNG of the perturbed canvas. */; png: Uint8Array }[];
}

export interface ContentPhoto {
  credit: PhotoCredit;
  /** The file as it was given. */
  bytes: Uint8Array;
  /** PNG of the clean canvas, for photos that examples show. */
  canvas?: Uint8Array;
}

/** The answer of a finding. */
export interface ContentTable {
  name: string;
  /** The question, as one line. */
  title: string;
  columns: TableColumn[];
  /** What the rows show, as one sentence; null where nothing can be said in one. */
  says: string | null;
  rows: Record<string, string | number | boolean | null>[];
}
