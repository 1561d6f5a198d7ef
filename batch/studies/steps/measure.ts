/** What a model says of the evaluation photos, with a perturbation or as they are. */
import {
  type MeasuredResult,
  measure,
  measuredResult,
  measurementFiles,
  type PerturbationResult,
  type PhotosResult,
  type PreparedResult,
  readCanvases,
  readPerturbation,
  readPrepared,
} from '../../analyses/index.ts';
import { computeOf, defineStep, type Job } from '../../jobs/index.ts';
import { type Alteration, altered } from '../../photos/index.ts';

interface Inputs {
  prepared: Job<PreparedResult>;
  photos: Job<PhotosResult>;
  /** null: the photos as they are. */
  perturbation: Job<PerturbationResult> | null;
  /** What happens to the pictures on their way to the model; left out: nothing. */
  altered?: Alteration;
  provider: string;
}

export const measureStep = defineStep<Inputs, MeasuredResult>({
  name: 'measure',
  source: import.meta.url,
  result: measuredResult,
  async run({ machine, signal, report }, { prepared, photos, perturbation, altered: by }) {
    const total = photos.result.names.length;
    const { sha256, tampered } = prepared.result;
    const canvases = await readCanvases(photos);
    const measured = await measure({
      compute: await computeOf(machine),
      prepared: { bytes: await readPrepared(prepared), sha256, tampered },
      photos: canvases,
      indices: photos.result.names.map((_, index) => index),
      v: perturbation && (await readPerturbation(perturbation)),
      ...(by && { alter: (canvas: Uint8Array) => altered(canvas, canvases.size, by) }),
      signal,
      onProgress: (done) => report({ done, total, unit: 'photos' }),
    });
    return {
      result: { photos: measured.labels.length, ...(tampered !== undefined && { tampered }) },
      files: measurementFiles(measured),
    };
  },
});
