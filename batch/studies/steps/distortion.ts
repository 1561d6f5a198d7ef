/** How visible a perturbation is: PSNR and SSIM of perturbed photos, on whole pixel values. */
import { setImmediate } from 'node:timers/promises';
import { applyPerturbation, distortion } from '#shared/images';
import {
  type CraftedResult,
  type DistortionResult,
  distortionResult,
  type PhotosResult,
  readCanvases,
  readPerturbation,
} from '../../analyses/index.ts';
import { defineStep, type Job } from '../../jobs/index.ts';

/** PSNR has no number for pictures that do not differ; this one is said instead, in decibels. */
const noDifference = 100;

interface Inputs {
  photos: Job<PhotosResult>;
  perturbation: Job<CraftedResult>;
}

export const distortionStep = defineStep<Inputs, DistortionResult>({
  name: 'distortion',
  source: import.meta.url,
  result: distortionResult,
  async run({ signal, report }, { photos, perturbation }) {
    const total = photos.result.names.length;
    const { pixels, size } = await readCanvases(photos);
    const v = await readPerturbation(perturbation);
    const plane = 3 * size * size;
    let psnr = 0;
    let ssim = 0;
    for (let index = 0; index < total; index++) {
      const clean = pixels.subarray(index * plane, (index + 1) * plane);
      const one = distortion(clean, applyPerturbation(clean, v));
      psnr += one.psnr ?? noDifference;
      ssim += one.ssim;
      // Ctrl-C is heard between photos.
      await setImmediate();
      signal?.throwIfAborted();
      report({ done: index + 1, total, unit: 'photos' });
    }
    const count = Math.max(1, total);
    return { result: { psnr: psnr / count, ssim: ssim / count, photos: total } };
  },
});
