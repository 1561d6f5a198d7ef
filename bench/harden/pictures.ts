/** What one network is shown: the pictures of a hardening, and evaluation photos clean, changed and perturbed. */
import type { Compute } from '#shared/compute';
import { splitPhotos } from '#shared/photos';
import { random } from '#shared/synthetic';
import { collect } from '../../batch/compute/index.ts';
import { energies, energiesOf, planOf, render, type Sample } from '../../batch/harden/index.ts';
import type { FoundPerturbation } from '../../batch/perturbations/index.ts';
import type { PhotoSet } from '../../batch/photos/index.ts';
import { statisticsModel, type ZooModel } from '../../batch/zoo/index.ts';
import { statisticsOf } from '../../shared/graph/index.ts';
import { type Kept, keptArrays, keyOf } from './kept.ts';

/** What was measured of pictures, row by row. */
export interface Measured {
  samples: Sample[];
  statistics: Float32Array;
  features: number;
  /** Block-DCT energies, [n, 192]. */
  spectra: Float32Array;
  logits: Float32Array;
  classes: number;
}

export interface Shown {
  crafting: Measured & { foldOf: (source: number) => number | null };
  evaluation: Measured;
  /** Indices into the photos, by `source` of an evaluation sample. */
  photos: number[];
  places: number;
}

/** Changes of clean evaluation photos beside those that they are measured with. */
export const everyday = ['flip', 'shift', 'blur', 'dark', 'noise'] as const;
const qualities = [90, 75, 50] as const;

export async function show(
  model: ZooModel,
  photos: PhotoSet,
  perturbations: readonly FoundPerturbation[],
  {
    compute,
    seed,
    say,
    kept,
    most,
  }: { compute: Compute; seed: number; say: (line: string) => void; kept: Kept; most: number },
): Promise<Shown> {
  const { size } = photos;
  const plane = 3 * size * size;
  const looked = await statisticsModel(model, size);
  const program = { key: looked.sha256, bytes: looked.bytes };
  const vs = perturbations.map(({ v }) => v);
  const common = { network: looked.sha256, seed, perturbations: perturbations.map(({ sha256 }) => sha256) };
  const { crafting, evaluation } = splitPhotos(photos.names, photos.groups);

  const plan = planOf({ photos, crafting, perturbations: vs, seed }, statisticsOf(looked.places));

  const measure = async (
    planned: Sample[],
    sources: readonly Uint8Array[],
    what: 'crafting' | 'evaluation',
  ): Promise<Measured> => {
    const parts: Record<string, Float32Array>[] = [];
    const samples = what === 'crafting' ? planned : planned.filter(({ source }) => source < most);
    // Parts are of all that is planned, so that fewer photos are found where more were looked at.
    for (let from = 0; from < samples.length; from += together) {
      const some = planned.slice(from, from + together);
      const key = keyOf({ ...common, sources: photos.sha256(what === 'crafting' ? crafting : evaluation), some });
      parts.push(
        await keptArrays(kept, key, some.length, async () => {
          const spectra = new Float32Array(energiesOf * some.length);
          const { beside, logits } = await collect({
            ...{ compute, program, size, beside: 'statistics' },
            pictures: some.map((sample, row) => ({ sample, row })),
            render: async ({ sample, row }) => {
              const canvas = await render(sample, sources[sample.source], size, plan.added);
              spectra.set(energies(canvas, size), energiesOf * row);
              return canvas;
            },
            onProgress: ({ done }) => say(`${model.card.id}, ${what}: ${from + done} of ${samples.length} pictures`),
          });
          return { statistics: beside, logits, spectra };
        }),
      );
    }
    const rows = Math.min(planned.length, parts.length * together);
    const [[statistics, features], [logits, classes], [spectra]] = ['statistics', 'logits', 'spectra'].map((name) => {
      const all = concatenated(parts.map((part) => part[name]));
      const width = all.length / rows;
      return [all.slice(0, samples.length * width), width] as const;
    });
    return { samples, spectra, statistics, features, logits, classes };
  };

  const learnt = await measure(plan.samples, plan.sources, 'crafting');
  const sources = evaluation.map((index) => photos.pixels.subarray(index * plane, (index + 1) * plane));
  const shown = await measure(evaluationSamples(sources.length, vs.length, seed), sources, 'evaluation');
  await compute.release(program.key);
  const crafted = { ...learnt, foldOf: plan.counts.foldOf };
  return { crafting: crafted, evaluation: shown, photos: evaluation.slice(0, most), places: looked.places.length };
}

/** Pictures that are kept in one file. */
const together = 1024;

function concatenated(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/**
 * Each photo as it is, clean, in everyday changes and with every perturbation; and clean and perturbed once more, saved
 * as JPEG of one quality.
 */
function evaluationSamples(photos: number, perturbations: number, seed: number): Sample[] {
  const draw = random(seed, 'evaluation');
  const perturbed = Array.from({ length: perturbations }, (_, perturbation) => {
    return { perturbation, strength: 1, isPattern: false };
  });
  return Array.from({ length: photos }, (_, source) => source).flatMap((source) =>
    [null, qualities[draw.below(qualities.length)]].flatMap((quality): Sample[] => {
      const common = { source, quality, calibrates: false };
      const changes = quality === null ? (['none', ...everyday] as const) : (['none'] as const);
      return [
        ...changes.map((change): Sample => ({ ...common, change, tampered: null, seed: draw.bits() })),
        ...perturbed.map((tampered): Sample => ({ ...common, change: 'none', tampered, seed: 0 })),
      ];
    }),
  );
}
