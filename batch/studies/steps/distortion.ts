/** How visible a perturbation is: PSNR and SSIM of perturbed photos, on whole pixel values. */
import { applyPerturbation, distortion } from '#shared/images';
import {
  type CraftedResult,
  type DistortionResult,
  distortionResult,
  type PhotosResult,
  readPerturbation,
} from '../../analyses/index.ts';
import { defineStep, type Job } from '../../jobs/index.ts';
import { eachPhoto } from './each-photo.ts';

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
  async run(context, { photos, perturbation }) {
    const v = await readPerturbation(perturbation);
    let psnr = 0;
    let ssim = 0;
    const total = await eachPhoto(photos, context, (clean) => {
      const one = distortion(clean, applyPerturbation(clean, v));
      psnr += one.psnr ?? noDifference;
      ssim += one.ssim;
    });
    const count = Math.max(1, total);
    return { result: { psnr: psnr / count, ssim: ssim / count, photos: total } };
  },
});
