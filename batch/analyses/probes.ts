/** What some findings ask of networks beyond their answers: jobs of their own, and what those leave behind. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { readNpy } from '#shared/formats';
import type { Defence } from '#shared/graph';
import type { Job, Output } from '../jobs/index.ts';
import type { StudyPerturbation, Target } from './finding.ts';

/** Labels of the same photos under several conditions: `labels.npy`, int32 [conditions, photos]. */
export const labelledResult = z.object({ conditions: z.int(), photos: z.int() });
export type LabelledResult = z.infer<typeof labelledResult>;

/**
 * How far apart a model's values are, clean and perturbed: `changes.npy`, float32 [perturbations, photos, places, 2].
 */
export const comparedResult = z.object({
  perturbations: z.int(),
  photos: z.int(),
  /** Names of the values, in running order; the logits are the last. */
  places: z.array(z.string()),
});
export type ComparedResult = z.infer<typeof comparedResult>;

/** Directions of a decision boundary: `vectors.npy`, float32 [vectors, 3 S S], orthonormal, the commonest first. */
export const normalsResult = z.object({
  photos: z.int(),
  /** Of DeepFool's step of each photo that it found one for, Euclidean. */
  lengths: z.array(z.number()),
  /** Singular values of the matrix of unit normals, and of one of as many random directions. */
  values: z.array(z.number()),
  random: z.array(z.number()),
});
export type NormalsResult = z.infer<typeof normalsResult>;

/** Labels as they are, then by dimensions, length and draw: `labels.npy`, int32 [conditions, photos]. */
export const spannedResult = labelledResult.extend({ dimensions: z.array(z.int()) });
export type SpannedResult = z.infer<typeof spannedResult>;

/** In the order of `kinds` and of the labels after the first. */
export const thresholdKinds = [
  'universal',
  'noise',
  'fgsm',
  'deepfool',
  'fgsm of another photo',
  'deepfool of another photo',
] as const;

/** Labels as they are, then with each kind at full strength: `labels.npy`, int32 [conditions, photos]. */
export const thresholdsResult = labelledResult.extend({
  kinds: z.array(
    z.object({
      /** By photo: the smallest that fools; null where none up to 2 does. */
      strengths: z.array(z.number().nullable()),
      /** By photo: the Euclidean length at strength 1. */
      lengths: z.array(z.number()),
    }),
  ),
});
export type ThresholdsResult = z.infer<typeof thresholdsResult>;

export interface SpannedOptions {
  /** 0: anywhere. */
  dimensions: readonly number[];
  /** Euclidean. */
  lengths: readonly number[];
  draws: number;
  seed: number;
  photos: number | null;
}

export interface Probes {
  /**
   * What a model behind a defence says of some of the evaluation photos: as they are, then with each perturbation.
   * @param photos How many; null: all of them.
   */
  defended(
    target: Target,
    defence: Defence,
    perturbations: readonly StudyPerturbation[],
    photos: number | null,
  ): Job<LabelledResult>;
  /** The normals of a model's decision boundary next to some of the crafting photos. */
  normals(target: Target, of: { photos: number; seed: number }): Job<NormalsResult>;
  /** What a model says of some evaluation photos with random vectors in the span of normals. */
  spanned(target: Target, normals: Job<NormalsResult>, of: SpannedOptions): Job<SpannedResult>;
  /** How strong a perturbation has to be on each photo, beside noise and what is made for each photo alone. */
  thresholds(
    target: Target,
    perturbation: StudyPerturbation,
    noise: StudyPerturbation,
    photos: number | null,
  ): Job<ThresholdsResult>;
  /** How far a perturbation moves what a model computes, at places from its first to its last, photo by photo. */
  compared(target: Target, perturbations: readonly StudyPerturbation[], photos: number | null): Job<ComparedResult>;
}

/** Which of so many photos: so many of them, spread evenly over all, or all. */
export function someOf(all: number, photos: number | null): number[] {
  const count = Math.min(all, photos ?? all);
  return Array.from({ length: count }, (_, i) => Math.floor((i * all) / count));
}

export async function readDirections({ folder }: Output<NormalsResult>): Promise<Float32Array[]> {
  const { data, shape } = readNpy(await readFile(join(folder, 'vectors.npy')));
  const [count, length] = shape;
  return Array.from({ length: count }, (_, k) => (data as Float32Array).subarray(k * length, (k + 1) * length));
}

/** By perturbation and place: the cosine, and the length of the change, of each photo. */
export async function readCompared({ folder, result }: Output<ComparedResult>) {
  const all = readNpy(await readFile(join(folder, 'changes.npy'))).data as Float32Array;
  const { perturbations, photos, places } = result;
  const numbers = (v: number, place: number, which: number) =>
    Array.from({ length: photos }, (_, i) => all[((v * photos + i) * places.length + place) * 2 + which]);
  return Array.from({ length: perturbations }, (_, v) =>
    places.map((_, place) => ({ cosines: numbers(v, place, 0), changes: numbers(v, place, 1) })),
  );
}

/** By condition. */
export async function readLabels({ folder, result }: Output<LabelledResult>): Promise<Int32Array[]> {
  const all = readNpy(await readFile(join(folder, 'labels.npy'))).data as Int32Array;
  const { conditions, photos } = result;
  return Array.from({ length: conditions }, (_, i) => all.subarray(i * photos, (i + 1) * photos));
}
