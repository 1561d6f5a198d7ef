import type { Compute, Pixels } from '#shared/compute';
import { applyPerturbation } from '#shared/images';
import { argmax, outlierScores, softmax } from '#shared/metrics';
import { collect } from '../compute/index.ts';
import type { Detection, Measurement } from './measurement.ts';

export interface MeasureTask {
  compute: Compute;
  /** Prepared graph: canvas [N,3,S,S] to logits [N,K]. `tampered`: of a hardened network, the index of that class. */
  prepared: { bytes: Uint8Array; sha256: string; tampered?: number };
  photos: Pixels;
  /** Which photos. */
  indices: readonly number[];
  /** float32 [3,S,S], or null for the photos as they are. */
  v: Float32Array | null;
  /** What happens to a canvas [3,S,S] before the model sees it, perturbed or not; left out: nothing. */
  alter?: (canvas: Uint8Array) => Promise<Uint8Array> | Uint8Array;
  signal?: AbortSignal;
  /** Called with the number of photos done. */
  onProgress?: (done: number) => void;
}

/**
 * Predictions on round(clip(photo + v)): the pixels that an image file can carry. The model's sessions stay open for
 * the next measurement; call `compute.release(prepared.sha256)` after the last one of a model.
 */
export async function measure(task: MeasureTask): Promise<Measurement> {
  const { prepared, indices } = task;
  const { logits, classes } = await logitsOf(task);
  const labels = new Int32Array(indices.length);
  const probabilities = new Float32Array(indices.length);
  for (let i = 0; i < indices.length; i++) {
    const row = logits.subarray(i * classes, (i + 1) * classes);
    labels[i] = argmax(row);
    probabilities[i] = softmax(row)[labels[i]];
  }
  if (prepared.tampered === undefined) return { labels, probabilities };
  return { labels, probabilities, detection: detectionOf(logits, classes, prepared.tampered) };
}

async function logitsOf(task: MeasureTask): Promise<{ logits: Float32Array; classes: number }> {
  const { compute, prepared, photos, indices, v, alter, signal, onProgress } = task;
  const program = { key: prepared.sha256, bytes: prepared.bytes };
  if (!alter) {
    const items = indices.map((photo) => ({ photo, flip: false }));
    return compute.logits({ program, photos, items, v, signal, onProgress });
  }
  const { pixels, size } = photos;
  const plane = 3 * size * size;
  return collect({
    ...{ compute, program, size, pictures: indices, signal },
    render: (photo) => {
      const canvas = pixels.subarray(photo * plane, (photo + 1) * plane);
      return alter(v ? Uint8Array.from(applyPerturbation(canvas, v)) : canvas);
    },
    onProgress: ({ done }) => onProgress?.(done),
  });
}

function detectionOf(logits: Float32Array, classes: number, tampered: number): Detection {
  const photos = logits.length / classes;
  const found: Detection = {
    tampered,
    beneath: new Int32Array(photos),
    excess: new Float32Array(photos),
    softmax: new Float32Array(photos),
    energy: new Float32Array(photos),
  };
  for (let i = 0; i < photos; i++) {
    const plain = logits.subarray(i * classes, i * classes + tampered);
    found.beneath[i] = argmax(plain);
    found.excess[i] = logits[i * classes + tampered] - plain[found.beneath[i]];
    const { softmax, energy } = outlierScores(plain);
    found.softmax[i] = softmax;
    found.energy[i] = energy;
  }
  return found;
}
