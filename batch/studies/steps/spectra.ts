/** How much the evaluation photos have of each frequency, with a perturbation or as they are: no network looks. */
import { setImmediate } from 'node:timers/promises';
import { writeNpy } from '#shared/formats';
import { applyPerturbation } from '#shared/images';
import {
  type PerturbationResult,
  type PhotosResult,
  readCanvases,
  readPerturbation,
  type SpectraResult,
  spectraResult,
} from '../../analyses/index.ts';
import { energies, energiesOf } from '../../harden/index.ts';
import { defineStep, type Job } from '../../jobs/index.ts';

interface Inputs {
  photos: Job<PhotosResult>;
  /** null: the photos as they are. */
  perturbation: Job<PerturbationResult> | null;
}

export const spectraStep = defineStep<Inputs, SpectraResult>({
  name: 'spectra',
  source: import.meta.url,
  result: spectraResult,
  async run({ signal, report }, { photos, perturbation }) {
    const total = photos.result.names.length;
    const { pixels, size } = await readCanvases(photos);
    const v = perturbation && (await readPerturbation(perturbation));
    const plane = 3 * size * size;
    const found = new Float32Array(total * energiesOf);
    for (let index = 0; index < total; index++) {
      const clean = pixels.subarray(index * plane, (index + 1) * plane);
      found.set(energies(v ? applyPerturbation(clean, v) : clean, size), index * energiesOf);
      // Ctrl-C is heard between photos.
      await setImmediate();
      signal?.throwIfAborted();
      report({ done: index + 1, total, unit: 'photos' });
    }
    return { result: { photos: total }, files: { 'energies.npy': writeNpy(found, [total, energiesOf]) } };
  },
});
