import type { Fit } from '#shared/release';

/** What the page knows beforehand; made at build time from the release. */
export interface OwnData {
  /** Of the release: the side of its canvases and perturbations in pixels, and how photos become such. */
  canvas: number;
  fit: Fit;
  /** Photos to try a network on. `labels` are ImageNet's names for what a photo shows, where that is known. */
  photos: { id: string; name: string; url: string; labels: string[] }[];
  /** Where ImageNet's 1,000 classes lie, with their WordNet ids. */
  imageNet: string;
}
