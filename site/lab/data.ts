import type { Fit } from '#shared/release';

export interface ModelFiles {
  url: string;
  bytes: number;
  labels: string;
}

/** A model, perturbation and photo that the visitor can choose; made at build time from the release. */
export interface LabData {
  size: number;
  fit: Fit;
  models: ({ id: string; title: string } & ModelFiles)[];
  perturbations: {
    id: string;
    /** Of the plate; 0 for a pattern of the visitor's own. */
    number: number;
    /** How a menu tells it from the others. */
    name: string;
    npy: string;
    /** The pattern amplified, each pixel as it is: 128 + 127 v / linf. */
    preview: string;
    linf: number;
    page: string;
  }[];
  photos: {
    id: string;
    /** What it shows, with its article. */
    name: string;
    /** It was chosen because it is hardly ever fooled. */
    resists?: true;
    /** The file, and what the release has measured of it (`Published`). */
    url: string;
    answers: string;
    /** The canvas that is made from it, where the site has that: of the photos that stand in the strip. */
    canvas?: string;
    credit: string;
  }[];
  /** Strengths that the release has measured are so far apart; between them a network has to be there. */
  stop: number;
  start: { photo: string; model: string; perturbation: string; strength: number };
}
