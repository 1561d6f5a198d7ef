/** One more class for a prepared model, "non-natural or tampered with": learnt from crafting photos alone. */

import { sha256Hex } from '#shared/release';
import {
  type HardenedResult,
  hardenedResult,
  type PerturbationResult,
  type PhotosResult,
  type PreparedResult,
  readCanvases,
  readPerturbation,
  readPrepared,
} from '../../analyses/index.ts';
import { hardenPrepared } from '../../harden/index.ts';
import { computeOf, defineStep, type Job } from '../../jobs/index.ts';

interface Inputs {
  prepared: Job<PreparedResult>;
  crafting: Job<PhotosResult>;
  /** What the class is to know. */
  perturbations: Job<PerturbationResult>[];
  /** Of clean photos that may be taken for tampered ones. */
  rate: number;
  seed: number;
  /** How often each photo is shown clean, and how often perturbed. */
  looks: number;
  /** Classes of the model. */
  classes: number;
  provider: string;
}

interface Place {
  /** Id of the model, as it is called in messages. */
  id: string;
}

export const hardenStep = defineStep<Inputs, HardenedResult, Place>({
  name: 'harden',
  source: import.meta.url,
  result: hardenedResult,
  async run({ machine, signal, report }, { prepared, crafting, perturbations, rate, seed, looks, classes }, { id }) {
    const { names, groups = {} } = crafting.result;
    const { pixels, size } = await readCanvases(crafting);
    const made = await hardenPrepared({
      ...{ id, rate, seed, looks, signal, compute: await computeOf(machine), withSpectrum: true },
      prepared: await readPrepared(prepared),
      photos: { names, groups: new Map(Object.entries(groups)), pixels, size },
      crafting: names.map((_, index) => index),
      perturbations: await Promise.all(perturbations.map(readPerturbation)),
      onProgress: ({ stage, done, total }) => {
        if (stage === 'pictures') report({ done, total, unit: 'photos' });
      },
    });
    const { bytes, places, weights, samples, bias, threshold, calibration, baselines, spectrum } = made;
    return {
      result: {
        ...{ sha256: sha256Hex(bytes), sourceSha256: prepared.result.sourceSha256, tampered: classes },
        ...{ places, statistics: weights.length, samples, detector: { bias, threshold }, calibration, baselines },
        spectrum: spectrum && { ...spectrum, weights: Array.from(spectrum.weights) },
      },
      files: { 'model.onnx': bytes },
    };
  },
});
