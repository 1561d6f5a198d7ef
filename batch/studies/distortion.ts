import { setImmediate } from 'node:timers/promises';
import { applyPerturbation, distortion } from '#shared/images';
import type { PhotoSet } from '../photos/index.ts';

/** PSNR has no number for pictures that do not differ; this one is said instead, in decibels. */
const noDifference = 100;

/** Mean PSNR and SSIM of photos with a perturbation, on whole pixel values. */
export async function meanDistortion(
  photos: PhotoSet,
  indices: readonly number[],
  v: Float32Array,
  { signal, onProgress }: { signal?: AbortSignal; onProgress?: (done: number) => void } = {},
): Promise<{ psnr: number; ssim: number }> {
  const plane = 3 * photos.size * photos.size;
  let psnr = 0;
  let ssim = 0;
  for (const [done, index] of indices.entries()) {
    const clean = photos.pixels.subarray(index * plane, (index + 1) * plane);
    const one = distortion(clean, applyPerturbation(clean, v));
    psnr += one.psnr ?? noDifference;
    ssim += one.ssim;
    // Ctrl-C is heard between photos.
    await setImmediate();
    signal?.throwIfAborted();
    onProgress?.(done + 1);
  }
  const count = Math.max(1, indices.length);
  return { psnr: psnr / count, ssim: ssim / count };
}
