// From a classifier, perturbations and photos to the same classifier with one more class.
import { createHash } from 'node:crypto';
import { type Place, statisticsOf } from '#shared/graph';
import type { Compute } from '../compute/index.ts';
import { UsageError } from '../errors/index.ts';
import { inHashOrder, type PhotoSet } from '../photos/index.ts';
import { syntheticKinds, syntheticPictures } from '../synthetic/index.ts';
import { hardenedModel, statisticsModel, type ZooModel } from '../zoo/index.ts';
import { leastPhotos } from './calibration.ts';
import { collect } from './collect.ts';
import { type FittedDetector, fitDetector, folds } from './detector.ts';
import { planSamples, render, type Sample } from './samples.ts';

export interface HardenTask {
  model: ZooModel;
  /** float32 [3,S,S] each, all of the size of the photos. */
  perturbations: readonly Float32Array[];
  photos: PhotoSet;
  /** Indices of the photos that may be learnt from: the crafting half. */
  crafting: readonly number[];
  /** Of clean photos taken for tampered ones, above 0 and below 1. */
  rate: number;
  seed: number;
  compute: Compute;
  signal?: AbortSignal;
  onProgress?: (progress: HardenProgress) => void;
}

export interface HardenProgress {
  stage: 'pictures' | 'regressions';
  done: number;
  total: number;
}

export interface Hardened extends FittedDetector {
  /** The ONNX file: the model's own input, logits [N, K + 1]. */
  bytes: Uint8Array;
  /** Of the plain model. */
  classes: number;
  places: Place[];
  /** Of the file that it was made from. */
  sourceSha256: string;
  samples: { photos: number; synthetic: number; clean: number; tampered: number };
}

/**
 * Makes the class: shows the network clean and perturbed pictures, fits the regression, sets the threshold, and writes
 * both into the model's graph.
 *
 * @throws UsageError for a rate that so few photos cannot hold, and for a model with no places to look at
 */
export async function harden(task: HardenTask): Promise<Hardened> {
  const { model, photos, rate, compute, signal, onProgress } = task;
  checkRate(rate, task.crafting.length);
  const looked = await statisticsModel(model, photos.size, signal);
  const { samples, sources, counts } = planOf(task, statisticsOf(looked.places));
  const program = { key: looked.sha256, bytes: looked.bytes };
  const { statistics, features } = await collect({
    ...{ compute, program, size: photos.size, signal, pictures: samples },
    render: (sample) => render(sample, sources[sample.source], photos.size, task.perturbations),
    onProgress: (progress) => onProgress?.({ stage: 'pictures', ...progress }),
  });
  await compute.release(program.key);
  const detector = await fitDetector({
    ...{ statistics, features, samples, rate, signal },
    foldOf: counts.foldOf,
    onProgress: (progress) => onProgress?.({ stage: 'regressions', ...progress }),
  });
  if (!detector) throw tooFew(rate, counts.photos);
  const bytes = await hardenedModel(model, looked.places, detector, signal);
  const clean = samples.filter(({ tampered }) => tampered === null).length;
  return {
    ...detector,
    ...{ bytes, classes: looked.classes, places: looked.places, sourceSha256: looked.sourceSha256 },
    samples: { photos: counts.photos, synthetic: counts.synthetic, clean, tampered: samples.length - clean },
  };
}

/** Statistics that lie in memory at most: 600 MB. */
const mostStatistics = 1.5e8;
/** Pictures without a camera among the clean ones. */
const mostSynthetic = 120;

/** The pictures of a hardening, and what they are made from. */
export function planOf(
  { photos, crafting, perturbations, seed }: Pick<HardenTask, 'photos' | 'crafting' | 'perturbations' | 'seed'>,
  features: number,
) {
  const each = planSamples({ photos: 1, synthetic: 0, perturbations: 1 }, seed).length;
  const most = Math.max(1, Math.floor(mostStatistics / (each * features)));
  const chosen = crafting.length <= most ? crafting : firstByHash(photos, crafting, most);
  const synthetic = Math.min(mostSynthetic, Math.ceil(chosen.length / 2));
  const size = photos.size;
  const drawn = syntheticPictures({ kinds: syntheticKinds, count: synthetic, size, seed });
  const plane = 3 * size * size;
  const sources = [
    ...chosen.map((index) => photos.pixels.subarray(index * plane, (index + 1) * plane)),
    ...Array.from({ length: synthetic }, (_, i) => Uint8Array.from(drawn.subarray(i * plane, (i + 1) * plane))),
  ];
  const names = chosen.map((index) => photos.groups.get(photos.names[index]) ?? photos.names[index]);
  const samples: Sample[] = planSamples(
    { photos: chosen.length, synthetic, perturbations: perturbations.length },
    seed,
  );
  const foldOf = (source: number) => (source < names.length ? foldOfName(names[source]) : null);
  return { samples, sources, counts: { photos: chosen.length, synthetic, foldOf } };
}

/** By the hash of the name, or of the first of its group: photos of one thing are seen together or not at all. */
const foldOfName = (name: string) => createHash('sha256').update(`fold ${name}`).digest().readUInt32BE() % folds;

function firstByHash({ names }: PhotoSet, crafting: readonly number[], count: number): number[] {
  const byName = new Map(crafting.map((index) => [names[index], index]));
  return inHashOrder([...byName.keys()])
    .slice(0, count)
    .map((name) => byName.get(name) as number);
}

function checkRate(rate: number, photos: number): void {
  if (!(rate > 0 && rate < 1)) throw new UsageError(`--rate is ${rate}, but is a share of photos: above 0, below 1.`);
  if (photos < leastPhotos(rate)) throw tooFew(rate, photos);
}

const tooFew = (rate: number, photos: number) =>
  new UsageError(
    `A rate of ${rate} needs at least ${leastPhotos(rate)} crafting photos that set the threshold, and there are ${photos} (about half of those given: the others are for evaluation). Give more photos, or a larger --rate.`,
  );
