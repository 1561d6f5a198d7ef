import { changedShare, isFooled } from '#shared/metrics';
import type { Share } from '#shared/release';

/** What one model says of some photos. */
export interface Measurement {
  /** Predicted class of each photo, in the order of `indices`. */
  labels: Int32Array;
  /** The probability that the model gives it. */
  probabilities: Float32Array;
  /** Of a hardened network. */
  detection?: Detection;
}

/** What a hardened network says of each photo besides its label. */
export interface Detection {
  /** Index of its class "tampered with", the last. */
  tampered: number;
  /** The class that it would predict without that one: what the plain network says. */
  beneath: Int32Array;
  /** By how much the logit of "tampered with" exceeds all others. Above 0 it is the label. */
  excess: Float32Array;
  /** What the logits of the plain network tell (shared/metrics/outliers.ts). */
  softmax: Float32Array;
  energy: Float32Array;
}

/** What tells whether a photo is fooled. */
export type Labels = Pick<Measurement, 'labels' | 'detection'>;

/**
 * The labels that photos have, as they are: of a hardened network those beneath the class "tampered with", since what
 * it says of a clean photo by mistake is no label of the photo.
 */
export const labelsOf = ({ labels, detection }: Labels): Int32Array => detection?.beneath ?? labels;

/**
 * Of each photo, whether it is fooled: its label is another one than it was, and not "tampered with", by which a
 * hardened network says so.
 */
export const changedBy = (clean: Labels, { labels, detection }: Labels): boolean[] =>
  Array.from(labelsOf(clean), (label, i) => isFooled(label, labels[i], detection?.tampered));

/** The share of photos that are fooled. */
export const foolingOf = (clean: Labels, { labels, detection }: Labels): Share =>
  changedShare(labelsOf(clean), labels, detection?.tampered);

/** Of photos, how many a hardened network calls tampered with; null of another network. */
export const tamperedIn = ({ labels, detection }: Labels): number | null =>
  detection ? labels.filter((label) => label === detection.tampered).length : null;
