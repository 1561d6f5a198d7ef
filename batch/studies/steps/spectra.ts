/** How much the evaluation photos have of each frequency, with a perturbation or as they are: no network looks. */
import { writeNpy } from '#shared/formats';
import { applyPerturbation } from '#shared/images';
import {
  type PerturbationResult,
  type PhotosResult,
  readPerturbation,
  type SpectraResult,
  spectraResult,
} from '../../analyses/index.ts';
import { energies, energiesOf } from '../../harden/index.ts';
import { defineStep, type Job } from '../../jobs/index.ts';
import { eachPhoto } from './each-photo.ts';

interface Inputs {
  photos: Job<PhotosResult>;
  /** null: the photos as they are. */
  perturbation: Job<PerturbationResult> | null;
}

export const spectraStep = defineStep<Inputs, SpectraResult>({
  name: 'spectra',
  source: import.meta.url,
  result: spectraResult,
  async run(context, { photos, perturbation }) {
    const v = perturbation && (await readPerturbation(perturbation));
    const found = new Float32Array(photos.result.names.length * energiesOf);
    const total = await eachPhoto(photos, context, (clean, index, size) => {
      found.set(energies(v ? applyPerturbation(clean, v) : clean, size), index * energiesOf);
    });
    return { result: { photos: total }, files: { 'energies.npy': writeNpy(found, [total, energiesOf]) } };
  },
});
