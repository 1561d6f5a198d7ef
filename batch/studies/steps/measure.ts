/** What a model says of the evaluation photos, with a perturbation or as they are. */
import { writeNpy } from '#shared/formats';
import {
  type MeasuredResult,
  measure,
  measuredResult,
  type PerturbationResult,
  type PhotosResult,
  type PreparedResult,
  readCanvases,
  readPerturbation,
  readPrepared,
} from '../../analyses/index.ts';
import { computeOf, defineStep, type Job } from '../../jobs/index.ts';

interface Inputs {
  prepared: Job<PreparedResult>;
  photos: Job<PhotosResult>;
  /** null: the photos as they are. */
  perturbation: Job<PerturbationResult> | null;
  provider: string;
}

export const measureStep = defineStep<Inputs, MeasuredResult>({
  name: 'measure',
  source: import.meta.url,
  result: measuredResult,
  async run({ machine, signal, report }, { prepared, photos, perturbation }) {
    const total = photos.result.names.length;
    const { labels, probabilities } = await measure({
      compute: await computeOf(machine),
      prepared: { bytes: await readPrepared(prepared), sha256: prepared.result.sha256 },
      photos: await readCanvases(photos),
      indices: photos.result.names.map((_, index) => index),
      v: perturbation && (await readPerturbation(perturbation)),
      signal,
      onProgress: (done) => report({ done, total, unit: 'photos' }),
    });
    return {
      result: { photos: labels.length },
      files: {
        'labels.npy': writeNpy(new Int32Array(labels), [labels.length]),
        'probabilities.npy': writeNpy(new Float32Array(probabilities), [probabilities.length]),
      },
    };
  },
});
