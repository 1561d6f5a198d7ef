// Which of the usual preprocessings a model wants, by its accuracy on labelled photos under each.

import type { Compute, Pixels } from '#shared/compute';
import { UsageError } from '#shared/errors';
import { argmax, atLeast, type Interval, pairedTest, softmax, wilson } from '#shared/metrics';
import type { Fit, Preprocessing } from '#shared/release';
import type { Unscaled } from './add.ts';
import { hashOf } from './files.ts';

/** How pixels are scaled, without size and layout, which the graph tells. */
export type Normalisation = Pick<Preprocessing, 'mean' | 'std' | 'range' | 'channelOrder'>;

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

type Triple = [number, number, number];
const grey = (value: number): Triple => [value, value, value];

/** Red, green, blue; every one is tried in both orders of channels, except where nobody uses it so. */
const usual: { name: string; range: 1 | 255; mean: Triple; std: Triple; rgbOnly?: boolean }[] = [
  { name: 'ImageNet mean and std', range: 1, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
  { name: '-1..1', range: 255, mean: grey(127.5), std: grey(127.5) },
  { name: '(pixel - 127) / 128', range: 255, mean: grey(127), std: grey(128) },
  { name: '0..1', range: 1, mean: grey(0), std: grey(1) },
  { name: '0..255', range: 255, mean: grey(0), std: grey(1) },
  { name: 'Caffe means', range: 255, mean: [123.68, 116.779, 103.939], std: grey(1) },
  {
    name: 'CLIP mean and std',
    range: 1,
    mean: [0.48145466, 0.4578275, 0.40821073],
    std: [0.26862954, 0.26130258, 0.27577711],
    rgbOnly: true,
  },
  {
    name: 'CIFAR-10 mean and std',
    range: 1,
    mean: [0.4914, 0.4822, 0.4465],
    std: [0.247, 0.2435, 0.2616],
    rgbOnly: true,
  },
  // The mean of the std of each picture, which much code has in its place.
  {
    name: 'CIFAR-10 mean and smaller std',
    range: 1,
    mean: [0.4914, 0.4822, 0.4465],
    std: [0.2023, 0.1994, 0.201],
    rgbOnly: true,
  },
  {
    name: 'CIFAR-100 mean and std',
    range: 1,
    mean: [0.5071, 0.4865, 0.4409],
    std: [0.2673, 0.2564, 0.2762],
    rgbOnly: true,
  },
];

/** What `guess` tries, named by scale and order. */
export const usualNormalisations: { name: string; normalisation: Normalisation }[] = usual.flatMap(
  ({ name, range, mean, std, rgbOnly }) => [
    { name: `${name}, RGB`, normalisation: { range, mean, std, channelOrder: 'RGB' as const } },
    ...(rgbOnly
      ? []
      : [
          {
            name: `${name}, BGR`,
            normalisation: {
              range,
              mean: mean.toReversed() as Triple,
              std: std.toReversed() as Triple,
              channelOrder: 'BGR' as const,
            },
          },
        ]),
  ],
);

/** Those of the usual ones that an input can have: a grey one has one value, and whole numbers are not scaled. */
export function normalisationsFor({ channels, isWhole }: Unscaled['input']): typeof usualNormalisations {
  const all = usualNormalisations.filter(
    ({ normalisation: { mean, std, range } }) =>
      !isWhole || (range === 255 && mean.every((value) => value === 0) && std.every((value) => value === 1)),
  );
  if (channels === 'colour') return all;
  const grey = all.flatMap(({ name, normalisation: { mean, std, range, channelOrder } }) =>
    channelOrder === 'RGB' && new Set(mean).size === 1 && new Set(std).size === 1
      ? [{ name: name.replace(', RGB', ''), normalisation: { range, mean: [mean[0]], std: [std[0]], channelOrder } }]
      : [],
  );
  return isWhole ? grey : [...grey, mnist];
}

/** Of the 60,000 training images, as PyTorch's own example has them. */
const mnist = {
  name: 'MNIST mean and std',
  normalisation: { range: 1 as const, mean: [0.1307], std: [0.3081], channelOrder: 'RGB' as const },
};

export interface GuessTask {
  input: Unscaled['input'];
  /** The model prepared in one way, for a canvas of so many pixels. */
  prepare(normalisation: Normalisation, canvas: number): Promise<Uint8Array>;
  photos: Pixels;
  /** The same photos as they are, where all of them have the size of the model's input: tried beside the others. */
  exact?: Pixels;
  /** Only this way; both when left out. */
  fit?: Fit;
  /** Class index by photo. */
  truth: readonly number[];
  compute: Compute;
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
      "The photos are to be taken as they are, and not all of them have the size of the model's input. Give photos that have, or leave --fit out.",
    );
  const trials = views.flatMap((view) => normalisationsFor(task.input).map((one) => ({ ...view, ...one })));
  const total = trials.length * items.length;
  const tried: { candidate: Candidate; hits: boolean[] }[] = [];
  let classes = 0;
  for (const { name: scale, normalisation, fit, pixels } of trials) {
    const name = fit === 'exact' ? `${scale}, exact` : scale;
    const bytes = await task.prepare(normalisation, pixels.size);
    const program = { key: hashOf(bytes), bytes };
    const before = tried.length * items.length;
    const result = await compute.logits({
      ...{ program, photos: pixels, items, signal },
      onProgress: (done) => onProgress?.({ candidate: name, done: before + done, total }),
    });
    // A model of half a gigabyte must not stay open once for each candidate.
    await compute.release(program.key);
    classes = result.classes;
    const rows = truth.map((_, photo) => result.logits.subarray(photo * classes, (photo + 1) * classes));
    const hits = truth.map((label, photo) => argmax(rows[photo]) === label);
    const right = hits.filter(Boolean).length;
    const loss = truth.reduce((sum, label, photo) => sum + surprise(rows[photo], label), 0) / truth.length;
    tried.push({ candidate: { name, fit, normalisation, right, ...wilson(right, hits.length), loss }, hits });
  }
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
