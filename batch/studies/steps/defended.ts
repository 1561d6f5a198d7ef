/** What a model behind a defence says of evaluation photos, as they are and with perturbations. */
import { createHash } from 'node:crypto';
import { writeNpy } from '#shared/formats';
import { type Defence, readModel, withDefence, writeModel } from '#shared/graph';
import {
  type LabelledResult,
  labelledResult,
  measure,
  type PerturbationResult,
  type PhotosResult,
  type PreparedResult,
  readCanvases,
  readPerturbation,
  readPrepared,
  someOf,
} from '../../analyses/index.ts';
import { computeOf, defineStep, type Job } from '../../jobs/index.ts';

interface Inputs {
  prepared: Job<PreparedResult>;
  evaluation: Job<PhotosResult>;
  defence: Defence;
  perturbations: Job<PerturbationResult>[];
  /** How many of the photos; null: all. */
  photos: number | null;
  provider: string;
}

export const defendedStep = defineStep<Inputs, LabelledResult>({
  name: 'defended',
  source: import.meta.url,
  result: labelledResult,
  async run({ machine, signal, report }, { prepared, evaluation, defence, perturbations, photos }) {
    const compute = await computeOf(machine);
    const bytes = writeModel(withDefence(readModel(await readPrepared(prepared)), defence));
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const indices = someOf(evaluation.result.names.length, photos);
    const canvases = await readCanvases(evaluation);
    const conditions = [null, ...(await Promise.all(perturbations.map(readPerturbation)))];
    const labels = new Int32Array(conditions.length * indices.length);
    const total = labels.length;
    for (const [i, v] of conditions.entries()) {
      const before = i * indices.length;
      const measured = await measure({
        ...{ compute, prepared: { bytes, sha256 }, photos: canvases, indices, v, signal },
        onProgress: (done) => report({ done: before + done, total, unit: 'photos' }),
      });
      labels.set(measured.labels, before);
    }
    // Nobody asks the model behind this defence again.
    await compute.release(sha256);
    return {
      result: { conditions: conditions.length, photos: indices.length },
      files: { 'labels.npy': writeNpy(labels, [conditions.length, indices.length]) },
    };
  },
});
