// What a detector learns from: a network is shown pictures, and a regression is fitted to what its channels do.
import { createHash } from 'node:crypto';
import type { Compute, Program } from '#shared/compute';
import { UsageError } from '#shared/errors';
import { type Place, statisticsOf } from '#shared/graph';
import { type OutlierScores, outlierScores } from '#shared/metrics';
import { inHashOrder } from '#shared/photos';
import { syntheticKinds, syntheticPictures } from '#shared/synthetic';
import { collect } from '../compute/index.ts';
import type { PhotoSet } from '../photos/index.ts';
import { conformalThreshold, leastPhotos } from './calibration.ts';
import { type FittedDetector, fitDetector, folds } from './detector.ts';
import { energies, energiesOf } from './energies.ts';
import { drawnPatterns } from './patterns.ts';
import { patternLooks, planSamples, render, type Sample, usualLooks } from './samples.ts';

export interface LearningTask {
  /** float32 [3,S,S] each, all of the size of the photos. */
  perturbations: readonly Float32Array[];
  photos: Pick<PhotoSet, 'names' | 'groups' | 'pixels' | 'size'>;
  /** Indices of the photos that may be learnt from: the crafting half. */
  crafting: readonly number[];
  /** Of clean photos taken for tampered ones, above 0 and below 1. */
  rate: number;
  seed: number;
  /** How often each photo is shown clean, and how often perturbed, from 1 to 10; left out: 10. */
  looks?: number;
  /** Whether a detector that has no network is fitted to the same pictures, to be held against; default false. */
  withSpectrum?: boolean;
  compute: Compute;
  signal?: AbortSignal;
  onProgress?: (progress: HardenProgress) => void;
}

export interface HardenProgress {
  stage: 'pictures' | 'regressions';
  done: number;
  total: number;
}

/** A network that is looked at. */
export interface Looked {
  /** Canvas in, `logits` and `statistics` out. */
  program: Program;
  places: Place[];
}

export interface Learnt extends FittedDetector {
  /** Of the pictures that were shown: `patterns` with one that no attack made. */
  samples: { photos: number; synthetic: number; clean: number; tampered: number; patterns: number };
  /** The thresholds of two detectors that need no learning, which hold the same rate on the same photos. */
  baselines: OutlierScores;
  /** A regression on `energies` of the same pictures with a threshold that holds the same rate; null: not asked for. */
  spectrum: Pick<FittedDetector, 'weights' | 'bias' | 'threshold'> | null;
}

/** @throws UsageError for a rate that so few photos cannot hold */
export function checkRate(rate: number, photos: number): void {
  if (!(rate > 0 && rate < 1)) throw new UsageError(`--rate is ${rate}, but is a share of photos: above 0, below 1.`);
  if (photos < leastPhotos(rate)) throw tooFew(rate, photos);
}

const tooFew = (rate: number, photos: number) =>
  new UsageError(
    `A rate of ${rate} needs at least ${leastPhotos(rate)} crafting photos that set the threshold, and there are ${photos} (about half of those given: the others are for evaluation). Give more photos, or a larger --rate.`,
  );

/**
 * Shows the network clean and perturbed pictures, fits the regression, and sets the thresholds.
 * @throws UsageError for a rate that so few photos cannot hold
 */
export async function learn(task: LearningTask, { program, places }: Looked): Promise<Learnt> {
  const { photos, rate, compute, signal, onProgress } = task;
  checkRate(rate, task.crafting.length);
  const { samples, sources, added, counts } = planOf(task, statisticsOf(places));
  const spectra = new Float32Array(task.withSpectrum ? samples.length * energiesOf : 0);
  const collected = await collect({
    ...{ compute, program, beside: 'statistics', size: photos.size, signal },
    pictures: samples.map((sample, row) => ({ sample, row })),
    render: async ({ sample, row }) => {
      const canvas = await render(sample, sources[sample.source], photos.size, added);
      if (task.withSpectrum) spectra.set(energies(canvas, photos.size), row * energiesOf);
      return canvas;
    },
    onProgress: (progress) => onProgress?.({ stage: 'pictures', ...progress }),
  });
  await compute.release(program.key);
  const detector = await fitDetector({
    ...{ statistics: collected.beside, features: collected.features, samples, rate, signal },
    foldOf: counts.foldOf,
    onProgress: (progress) => onProgress?.({ stage: 'regressions', ...progress }),
  });
  if (!detector) throw tooFew(rate, counts.photos);
  const common = { samples, rate, signal, foldOf: counts.foldOf };
  const spectrum = task.withSpectrum
    ? await fitDetector({ ...common, statistics: spectra, features: energiesOf })
    : null;
  const clean = samples.filter(({ tampered }) => tampered === null).length;
  const patterns = samples.filter(({ tampered }) => tampered?.isPattern).length;
  return {
    ...detector,
    samples: {
      photos: counts.photos,
      synthetic: counts.synthetic,
      clean,
      tampered: samples.length - clean - patterns,
      patterns,
    },
    baselines: baselinesOf(samples, collected, rate),
    spectrum,
  };
}

function baselinesOf(
  samples: readonly Sample[],
  { logits, classes }: { logits: Float32Array; classes: number },
  rate: number,
): OutlierScores {
  const rows = samples.flatMap(({ calibrates }, row) =>
    calibrates ? [logits.subarray(row * classes, (row + 1) * classes)] : [],
  );
  const scores = rows.map(outlierScores);
  const held = (score: keyof OutlierScores) => {
    const found = conformalThreshold(
      scores.map((one) => one[score]),
      rate,
    );
    return found?.threshold ?? Number.POSITIVE_INFINITY;
  };
  return { softmax: held('softmax'), energy: held('energy') };
}

/** Statistics that lie in memory at most: 600 MB. */
const mostStatistics = 1.5e8;
/** Patterns that no attack made: eight for each time that a photo is shown clean, and no more than so many. */
const mostPatterns = 80;
const patternCount = (looks: number) => Math.min(mostPatterns, 8 * looks);
/** Pictures without a camera among the clean ones. */
const mostSynthetic = 120;

/** How many pictures a network is shown that so many photos harden, as long as they fit into memory. */
export const pictureCount = (photos: number, looks = usualLooks): number =>
  looksOf(looks) * photos + syntheticFor(photos);

/** How often a photo is shown in all. */
const looksOf = (looks: number) => 2 * looks + patternLooks(looks);

const syntheticFor = (photos: number) => Math.min(mostSynthetic, Math.ceil(photos / 2));

/** The pictures of a hardening, and what they are made from. */
export function planOf(
  {
    photos,
    crafting,
    perturbations,
    seed,
    looks = usualLooks,
  }: Pick<LearningTask, 'photos' | 'crafting' | 'perturbations' | 'seed' | 'looks'>,
  features: number,
) {
  const most = Math.max(1, Math.floor(mostStatistics / (looksOf(looks) * features)));
  const chosen = crafting.length <= most ? crafting : firstByHash(photos, crafting, most);
  const synthetic = syntheticFor(chosen.length);
  const size = photos.size;
  const drawn = syntheticPictures({ kinds: syntheticKinds, count: synthetic, size, seed });
  const plane = 3 * size * size;
  const sources = [
    ...chosen.map((index) => photos.pixels.subarray(index * plane, (index + 1) * plane)),
    ...Array.from({ length: synthetic }, (_, i) => Uint8Array.from(drawn.subarray(i * plane, (i + 1) * plane))),
  ];
  const names = chosen.map((index) => photos.groups.get(photos.names[index]) ?? photos.names[index]);
  const samples: Sample[] = planSamples(
    { photos: chosen.length, synthetic, perturbations: perturbations.length, patterns: patternCount(looks), looks },
    seed,
  );
  const foldOf = (source: number) => (source < names.length ? foldOfName(names[source]) : null);
  const added = [...perturbations, ...drawnPatterns(perturbations, { count: patternCount(looks), size, seed })];
  return { samples, sources, added, counts: { photos: chosen.length, synthetic, foldOf } };
}

/** By the hash of the name, or of the first of its group: photos of one thing are seen together or not at all. */
const foldOfName = (name: string) => createHash('sha256').update(`fold ${name}`).digest().readUInt32BE() % folds;

function firstByHash({ names }: Pick<PhotoSet, 'names'>, crafting: readonly number[], count: number): number[] {
  const byName = new Map(crafting.map((index) => [names[index], index]));
  return inHashOrder([...byName.keys()])
    .slice(0, count)
    .map((name) => byName.get(name) as number);
}
