// Which of the usual preprocessings a model wants, by its accuracy on labelled photos under each.

import type { Compute, Pixels, Program } from '#shared/compute';
import { UsageError } from '#shared/errors';
import { argmax, atLeast, type Interval, pairedTest, softmax, wilson } from '#shared/metrics';
import type { Fit } from '#shared/release';
import { type Normalisation, normalisationsFor, type ScaledInput } from './normalisations.ts';

export interface Candidate extends Interval {
  /** What people call it: "ImageNet mean and std, RGB", and ", exact" where photos are taken as they are. */
  name: string;
  /** "crop": canvases as everywhere; "exact": photos that have the size of the model's input, as they are. */
  fit: Fit;
  normalisation: Normalisation;
  /** Photos whose label is the true one. */
  right: number;
  /** Mean cross-entropy of the true classes, in nats: how sure the model is of them. */
  loss: number;
}

export interface Guess {
  /** Labelled photos that every candidate was tried on. */
  photos: number;
  /** Share that is right by always answering the commonest class, or by drawing lots. */
  chance: number;
  /** The most accurate first; of equals the one with the lower loss. */
  candidates: Candidate[];
  /** Whether the best is more accurate than chance, with a risk of 1 % that one of all only looks so. */
  betterThanChance: boolean;
  /** Names of those that these photos do not tell from the best (exact McNemar test, 5 %). */
  tied: string[];
}

export interface GuessTask {
  input: ScaledInput;
  /** The model prepared in one way, for a canvas of so many pixels; or one for all ways, with what it is fed. */
  prepare(
    normalisation: Normalisation,
    canvas: number,
  ): Promise<Program & { constants?: Record<string, Float32Array> }>;
  photos: Pixels;
  /** The same photos as they are, where all of them have the size of the model's input: tried beside the others. */
  exact?: Pixels;
  /** Only this way; both when left out. */
  fit?: Fit;
  /** Class index by photo. */
  truth: readonly number[];
  compute: Pick<Compute, 'logits' | 'release'>;
  signal?: AbortSignal;
  onProgress?: (progress: { candidate: string; done: number; total: number }) => void;
}

/**
 * Tries every usual preprocessing on labelled photos, and on the same photos as they are.
 * @throws UsageError when the model cannot be prepared.
 */
export async function guessNormalisation(task: GuessTask): Promise<Guess> {
  const { photos, exact, truth, compute, signal, onProgress } = task;
  const items = truth.map((_, photo) => ({ photo, flip: false }));
  const views = [
    { fit: 'crop' as const, pixels: photos },
    ...(exact ? [{ fit: 'exact' as const, pixels: exact }] : []),
  ].filter(({ fit }) => task.fit === undefined || fit === task.fit);
  if (views.length === 0)
    throw new UsageError(
      "The photos are to be taken as they are, and not all of them have the size of the model's input. Give photos that have, or leave open how photos become canvases.",
    );
  const trials = views.flatMap((view) => normalisationsFor(task.input).map((one) => ({ ...view, ...one })));
  const total = trials.length * items.length;
  const tried: { candidate: Candidate; hits: boolean[] }[] = [];
  let classes = 0;
  let open: string | null = null;
  for (const { name: scale, normalisation, fit, pixels } of trials) {
    const name = fit === 'exact' ? `${scale}, exact` : scale;
    const { constants, ...program } = await task.prepare(normalisation, pixels.size);
    // A model of half a gigabyte must not stay open once for each candidate.
    if (open !== null && open !== program.key) await compute.release(open);
    open = program.key;
    const before = tried.length * items.length;
    const result = await compute.logits({
      ...{ program, constants, photos: pixels, items, signal },
      onProgress: (done) => onProgress?.({ candidate: name, done: before + done, total }),
    });
    classes = result.classes;
    const rows = truth.map((_, photo) => result.logits.subarray(photo * classes, (photo + 1) * classes));
    const hits = truth.map((label, photo) => argmax(rows[photo]) === label);
    const right = hits.filter(Boolean).length;
    const loss = truth.reduce((sum, label, photo) => sum + surprise(rows[photo], label), 0) / truth.length;
    tried.push({ candidate: { name, fit, normalisation, right, ...wilson(right, hits.length), loss }, hits });
  }
  if (open !== null) await compute.release(open);
  // Of equals the one that makes the model surer of what is right.
  tried.sort(({ candidate: a }, { candidate: b }) => b.right - a.right || a.loss - b.loss);
  const [best, ...others] = tried;
  const chance = chanceOf(truth, classes);
  return {
    photos: truth.length,
    chance,
    candidates: tried.map(({ candidate }) => candidate),
    // As often as something was tried, something could look good.
    betterThanChance: atLeast(best.candidate.right, truth.length, chance) * tried.length <= 0.01,
    tied: others.filter(({ hits }) => pairedTest(best.hits, hits) > 0.05).map(({ candidate }) => candidate.name),
  };
}

/** -log softmax(logits)[label], bounded where the probability is too small to be written. */
const surprise = (logits: Float32Array, label: number) => -Math.log(Math.max(softmax(logits)[label], Number.MIN_VALUE));

/** The better of drawing lots and of always answering the class that most photos have. */
function chanceOf(truth: readonly number[], classes: number): number {
  const counts = new Map<number, number>();
  for (const label of truth) counts.set(label, (counts.get(label) ?? 0) + 1);
  return Math.max(1 / classes, Math.max(...counts.values()) / truth.length);
}
