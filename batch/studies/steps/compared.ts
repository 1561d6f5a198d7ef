/** How far perturbations move what a model computes of evaluation photos, place by place. */
import { createHash } from 'node:crypto';
import { writeNpy } from '#shared/formats';
import {
  comparedNumbers,
  GraphError,
  type Model,
  type Place,
  readModel,
  statisticPlaces,
  withComparison,
  writeModel,
} from '#shared/graph';
import {
  type ComparedResult,
  comparedResult,
  type PerturbationResult,
  type PhotosResult,
  type PreparedResult,
  readCanvases,
  readPerturbation,
  readPrepared,
  someOf,
} from '../../analyses/index.ts';
import { computeOf, defineStep, type Job } from '../../jobs/index.ts';

/** Places that are looked at, besides the logits. */
const count = 12;

interface Inputs {
  prepared: Job<PreparedResult>;
  evaluation: Job<PhotosResult>;
  perturbations: Job<PerturbationResult>[];
  /** How many of the photos; null: all. */
  photos: number | null;
  provider: string;
}

export const comparedStep = defineStep<Inputs, ComparedResult>({
  name: 'compared',
  source: import.meta.url,
  result: comparedResult,
  async run({ machine, signal, report }, { prepared, evaluation, perturbations, photos }) {
    const compute = await computeOf(machine);
    const model = readModel(await readPrepared(prepared));
    const places = placesOf(model);
    const bytes = writeModel(withComparison(model, places));
    const program = { key: createHash('sha256').update(bytes).digest('hex'), bytes };
    const canvases = await readCanvases(evaluation);
    const items = someOf(evaluation.result.names.length, photos).map((photo) => ({ photo, flip: false }));
    const numbers = comparedNumbers * (places.length + 1);
    const changes = new Float32Array(perturbations.length * items.length * numbers);
    const total = perturbations.length * items.length;
    for (const [i, output] of perturbations.entries()) {
      const { beside } = await compute.logits({
        ...{ program, photos: canvases, items, beside: 'changes', signal },
        constants: { perturbation: await readPerturbation(output) },
        onProgress: (done) => report({ done: i * items.length + done, total, unit: 'photos' }),
      });
      changes.set(beside, i * items.length * numbers);
    }
    await compute.release(program.key);
    const names = [...places.map(({ name }) => name), 'logits'];
    return {
      result: { perturbations: perturbations.length, photos: items.length, places: names },
      files: {
        'changes.npy': writeNpy(changes, [perturbations.length, items.length, names.length, comparedNumbers]),
      },
    };
  },
});

/** From the first to the last; none in a network that has no channels, such as a linear one. */
function placesOf(model: Model): Place[] {
  try {
    return statisticPlaces(model, { count, depth: 1 });
  } catch (error) {
    if (error instanceof GraphError) return [];
    throw error;
  }
}
