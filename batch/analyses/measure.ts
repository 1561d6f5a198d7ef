import { argmax, softmax } from '#shared/metrics';
import type { Compute, Pixels } from '../compute/index.ts';

/** What one model says of some photos. */
export interface Measurement {
  /** Predicted class of each photo, in the order of `indices`. */
  labels: Int32Array;
  /** The probability that the model gives it. */
  probabilities: Float32Array;
}

/** Of each photo, whether its label is another one than it was. */
export const changedBy = (clean: Pick<Measurement, 'labels'>, { labels }: Pick<Measurement, 'labels'>): boolean[] =>
  Array.from(clean.labels, (label, i) => labels[i] !== label);

export interface MeasureTask {
  compute: Compute;
  /** Prepared graph: canvas [N,3,S,S] to logits [N,K]. */
  prepared: { bytes: Uint8Array; sha256: string };
  photos: Pixels;
  /** Which photos. */
  indices: readonly number[];
  /** float32 [3,S,S], or null for the photos as they are. */
  v: Float32Array | null;
  signal?: AbortSignal;
  /** Called with the number of photos done. */
  onProgress?: (done: number) => void;
}

/**
 * Predictions on round(clip(photo + v)): the pixels that an image file can carry. The model's sessions stay open for
 * the next measurement; call `compute.release(prepared.sha256)` after the last one of a model.
 */
export async function measure(task: MeasureTask): Promise<Measurement> {
  const { compute, prepared, photos, indices, v, signal, onProgress } = task;
  const { logits, classes } = await compute.logits({
    program: { key: prepared.sha256, bytes: prepared.bytes },
    photos,
    items: indices.map((photo) => ({ photo, flip: false })),
    v,
    signal,
    onProgress,
  });
  const labels = new Int32Array(indices.length);
  const probabilities = new Float32Array(indices.length);
  for (let i = 0; i < indices.length; i++) {
    const row = logits.subarray(i * classes, (i + 1) * classes);
    labels[i] = argmax(row);
    probabilities[i] = softmax(row)[labels[i]];
  }
  return { labels, probabilities };
}
