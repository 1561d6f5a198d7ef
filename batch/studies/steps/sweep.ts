/** What a model reads in a few photos as perturbations grow. */
import { topK } from '#shared/metrics';
import {
  type PerturbationResult,
  type PhotosResult,
  type PreparedResult,
  readCanvases,
  readPerturbation,
  readPrepared,
  type ShowcaseResult,
  type SweptResult,
  type SweptRow,
  sweptResult,
} from '../../analyses/index.ts';
import { computeOf, defineStep, type Job } from '../../jobs/index.ts';

interface Inputs {
  prepared: Job<PreparedResult>;
  photos: Job<PhotosResult>;
  showcase: Job<ShowcaseResult>;
  perturbations: readonly { id: string; made: Job<PerturbationResult> }[];
  /** Factors above 0. */
  strengths: readonly number[];
  /** Labels of each. */
  top: number;
  provider: string;
}

export const sweepStep = defineStep<Inputs, SweptResult>({
  name: 'sweep',
  source: import.meta.url,
  result: sweptResult,
  async run({ machine, signal, report }, { prepared, photos, showcase, perturbations, strengths, top }) {
    const compute = await computeOf(machine);
    const program = { key: prepared.result.sha256, bytes: await readPrepared(prepared) };
    const canvases = await readCanvases(photos);
    const shown = showcase.result.photos.map(({ photo }) => photo);
    const items = shown.map((photo) => ({ photo: photos.result.names.indexOf(photo), flip: false }));
    const total = shown.length * (1 + perturbations.length * strengths.length);
    const rows: SweptRow[] = [];
    const read = async (perturbation: string | null, strength: number, v: Float32Array | null) => {
      const { logits, classes } = await compute.logits({ program, photos: canvases, items, v, signal });
      shown.forEach((photo, i) => {
        const predictions = topK(logits.subarray(i * classes, (i + 1) * classes), top);
        rows.push({ photo, perturbation, strength, predictions });
      });
      report({ done: rows.length, total, unit: 'photos' });
    };
    await read(null, 0, null);
    for (const { id, made } of perturbations) {
      const v = await readPerturbation(made);
      for (const strength of strengths)
        await read(
          id,
          strength,
          v.map((value) => strength * value),
        );
    }
    return {
      result: { rows: rows.length },
      files: { 'rows.json': new TextEncoder().encode(JSON.stringify(rows)) },
    };
  },
});
