// A regression on statistics, and the threshold that it is used with.
import { storedWeights } from '#shared/graph';
import { auroc } from '#shared/metrics';
import { conformalThreshold } from './calibration.ts';
import { fitRegression, type Regression } from './regression.ts';
import { product } from './rows.ts';
import type { Sample } from './samples.ts';

export interface DetectorTask {
  /** [samples, features]. */
  statistics: Float32Array;
  features: number;
  samples: readonly Sample[];
  /** Which samples are learnt from; default all. */
  rows?: readonly number[];
  /** Of each source, 0..folds - 1; null for one that every regression sees, such as a synthetic picture. */
  foldOf: (source: number) => number | null;
  /** Of false alarms. */
  rate: number;
  signal?: AbortSignal;
  onProgress?: (progress: { done: number; total: number }) => void;
}

export interface FittedDetector {
  /** Score = weights . statistics + bias; the weights are what a file holds of them. */
  weights: Float64Array;
  bias: number;
  threshold: number;
  calibration: Calibration;
}

export interface Calibration {
  /** Clean photos that set the threshold: each scored by a regression that did not see it. */
  photos: number;
  /** The threshold is the score of this rank, from the lowest. */
  rank: number;
  /** Of these photos, how many lie above it. */
  falseAlarms: number;
  /** Perturbed pictures of photos that the regression did not see, and how many of them lie above the threshold. */
  tampered: number;
  caught: number;
  /** Clean against perturbed, the same pictures. */
  auroc: number;
}

/** What a picture with a pattern that no attack made counts beside one with a perturbation. */
const patternWeight = 1 / 2;
/** So many parts of the photos take turns in not being seen. */
export const folds = 10;

/**
 * Fits a regression to all rows; and one to all but a fold, for each fold, whose scores of the clean photos of that
 * fold set the threshold.
 *
 * @returns null where there are fewer photos than the rate needs (`leastPhotos`)
 */
export async function fitDetector(task: DetectorTask): Promise<FittedDetector | null> {
  const { statistics, features, samples, foldOf, rate, signal, onProgress } = task;
  const rows = task.rows ?? samples.map((_, row) => row);
  const weight = (row: number) => (samples[row].tampered?.isPattern ? patternWeight : 1);
  const common = {
    data: statistics,
    features,
    positive: (row: number) => samples[row].tampered !== null,
    signal,
    weight,
  };
  const whole = await fitRegression({ ...common, rows });
  onProgress?.({ done: 1, total: folds + 1 });
  const clean: number[] = [];
  const tampered: number[] = [];
  for (let fold = 0; fold < folds; fold++) {
    const held = rows.filter((row) => foldOf(samples[row].source) === fold);
    if (held.length > 0) {
      const seen = rows.filter((row) => foldOf(samples[row].source) !== fold);
      const regression = await fitRegression({ ...common, rows: seen, start: whole });
      for (const row of held) {
        const score = scoreOf(regression, statistics, row * features);
        if (samples[row].calibrates) clean.push(score);
        else if (samples[row].tampered?.isPattern === false) tampered.push(score);
      }
    }
    onProgress?.({ done: fold + 2, total: folds + 1 });
  }
  const chosen = conformalThreshold(clean, rate);
  if (!chosen) return null;
  const { threshold, rank } = chosen;
  const above = (scores: readonly number[]) => scores.filter((score) => score > threshold).length;
  const calibration = {
    ...{ photos: clean.length, rank, falseAlarms: above(clean) },
    ...{ tampered: tampered.length, caught: above(tampered), auroc: auroc(clean, tampered) },
  };
  return { ...asStored(whole), threshold, calibration };
}

/** The score of the statistics that begin at an offset. */
export const scoreOf = (
  { weights, bias }: { weights: Float64Array; bias: number },
  statistics: Float32Array,
  at: number,
): number => bias + product(statistics, at, weights);

/** The weights as a file holds them, with the bias that leaves the score of the mean picture as it was. */
function asStored({ weights, bias, mean }: Regression): { weights: Float64Array; bias: number } {
  const stored = storedWeights(weights);
  return { weights: stored, bias: bias + weights.reduce((sum, w, j) => sum + (w - stored[j]) * mean[j], 0) };
}
