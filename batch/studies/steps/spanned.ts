/** What a model says of evaluation photos with random vectors, of any direction and of those that normals span. */
import { writeNpy } from '#shared/formats';
import { l2Norm } from '#shared/images';
import { random } from '#shared/synthetic';
import {
  measure,
  type NormalsResult,
  type PhotosResult,
  type PreparedResult,
  readCanvases,
  readDirections,
  readPrepared,
  type SpannedResult,
  someOf,
  spannedResult,
} from '../../analyses/index.ts';
import { computeOf, defineStep, type Job } from '../../jobs/index.ts';

interface Inputs {
  prepared: Job<PreparedResult>;
  evaluation: Job<PhotosResult>;
  normals: Job<NormalsResult>;
  /** So many of the first singular vectors are spanned; 0: anywhere. What there are not so many of is left out. */
  dimensions: readonly number[];
  /** Euclidean, in units of 0..255. */
  lengths: readonly number[];
  /** Random vectors of each. */
  draws: number;
  seed: number;
  /** How many of the photos; null: all. */
  photos: number | null;
  provider: string;
}

export const spannedStep = defineStep<Inputs, SpannedResult>({
  name: 'spanned',
  source: import.meta.url,
  result: spannedResult,
  async run({ machine, signal, report }, inputs) {
    const { prepared, evaluation, normals, lengths, draws, seed, photos } = inputs;
    const compute = await computeOf(machine);
    const canvases = await readCanvases(evaluation);
    const indices = someOf(evaluation.result.names.length, photos);
    const vectors = await readDirections(normals);
    const dimensions = inputs.dimensions.filter((count) => count <= vectors.length);
    const wanted = dimensions.flatMap((count) =>
      lengths.flatMap((length) => Array.from({ length: draws }, (_, draw) => ({ count, length, draw }))),
    );
    const conditions = [null, ...wanted];
    const labels = new Int32Array(conditions.length * indices.length);
    const model = { bytes: await readPrepared(prepared), sha256: prepared.result.sha256 };
    for (const [i, condition] of conditions.entries()) {
      const before = i * indices.length;
      const size = 3 * canvases.size ** 2;
      const v = condition && vectorIn(vectors.slice(0, condition.count), size, { ...condition, seed });
      const measured = await measure({
        ...{ compute, prepared: model, photos: canvases, indices, v, signal },
        onProgress: (done) => report({ done: before + done, total: labels.length, unit: 'photos' }),
      });
      labels.set(measured.labels, before);
    }
    return {
      result: { dimensions, conditions: conditions.length, photos: indices.length },
      files: { 'labels.npy': writeNpy(labels, [conditions.length, indices.length]) },
    };
  },
});

/** Of a direction that is uniformly random among those that orthonormal vectors span; without any, among all. */
export function vectorIn(
  vectors: readonly Float32Array[],
  size: number,
  { length, draw, seed }: { length: number; draw: number; seed: number },
): Float32Array {
  const normal = random(seed, `vector ${vectors.length} ${draw}`);
  const v = new Float32Array(size);
  if (vectors.length === 0) for (let i = 0; i < size; i++) v[i] = normal.normal();
  for (const vector of vectors) {
    const weight = normal.normal();
    for (let i = 0; i < size; i++) v[i] += weight * vector[i];
  }
  const scale = length / l2Norm(v);
  return v.map((value) => scale * value);
}
