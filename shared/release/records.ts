import { z } from 'zod';
import { budget, norm } from './bounds.ts';
import { photoFit } from './fit.ts';
import { curvePoint, modelShare, share } from './measures.ts';
import { modelCard, preprocessing } from './model-card.ts';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/**
 * One cell of the transfer matrix: one perturbation measured on one target, on evaluation photos and rounded pixels.
 */
export const transferRow = z.object({
  perturbation: z.string(),
  /** Model id, several joined by "+", or "none" for a perturbation that used no model. */
  surrogate: z.string(),
  target: z.string(),
  attack: z.string(),
  norm,
  epsilon: z.number(),
  seed: z.int(),
  photos: z.int(),
  fooled: z.int(),
  ratio: z.number(),
  low: z.number(),
  high: z.number(),
  /** The same, for random signs (norm inf) or a random direction (norm 2) of the same bound. */
  noise: z.number(),
  noise_fooled: z.int(),
  noise_low: z.number(),
  noise_high: z.number(),
  /** Photos that the target labels correctly without the perturbation; null where no photo has a label. */
  correct: z.int().nullable(),
  /** Of these, the share that it no longer labels correctly; null where there are none. */
  fooled_given_correct: z.number().nullable(),
  /** The 95 % Wilson interval of that share. Older releases have neither this nor what follows. */
  fooled_given_correct_low: z.number().nullable().optional(),
  fooled_given_correct_high: z.number().nullable().optional(),
  /** The same share for the noise, with its interval. */
  noise_given_correct: z.number().nullable().optional(),
  noise_given_correct_low: z.number().nullable().optional(),
  noise_given_correct_high: z.number().nullable().optional(),
  /** Photos whose true class is known. */
  labelled: z.int().optional(),
  /** Photos that a hardened target calls tampered with: they do not count as fooled. null for other targets. */
  tampered: z.int().nullable().optional(),
});
export type TransferRow = z.infer<typeof transferRow>;

/**
 * The patterns that a perturbation is held against. noise: random signs (norm inf) or a random direction (norm 2) of
 * the same bound; blocks: a random sign for each 4 x 4 pixels of a colour; phase-twin: the perturbation's own values
 * and spectrum, its phases drawn at random.
 */
export const controlKinds = ['noise', 'blocks', 'phase-twin'] as const;
export const controlKind = z.enum(controlKinds);
export type ControlKind = z.infer<typeof controlKind>;

/** One control of one perturbation on one target, on the photos of the transfer table. */
export const controlRow = z.object({
  perturbation: z.string(),
  target: z.string(),
  control: controlKind,
  /** Of this draw. */
  seed: z.int(),
  ...{ photos: z.int(), fooled: z.int(), ratio: z.number(), low: z.number(), high: z.number() },
  /** Photos that the perturbation fools and the control does not, and the other way round. */
  only_perturbation: z.int(),
  only_control: z.int(),
  /** Exact McNemar test, two-sided: how likely so uneven a split is where both fool alike. */
  p: z.number(),
});
export type ControlRow = z.infer<typeof controlRow>;

export const prediction = z.object({ index: z.int(), label: z.string(), probability: z.number() });
export type Prediction = z.infer<typeof prediction>;

/** What one target answers to one photo before and after. */
export const example = z.object({
  photo: z.string(),
  target: z.string(),
  clean: prediction,
  perturbed: prediction,
  fooled: z.boolean(),
  /** Key of the perturbed canvas as PNG, exact to the bit. */
  key: z.string(),
});
export type Example = z.infer<typeof example>;

/** Who made a perturbation that was not crafted here. */
export const perturbationCredit = z.strictObject({
  author: z.string().min(1),
  licence: z.string().min(1),
  source: z.string().min(1),
  /** As one line. */
  paper: z.string().min(1).optional(),
});
export type PerturbationCredit = z.infer<typeof perturbationCredit>;

/** Everything needed to make a perturbation again, and what it does. perturbations/<id>/record.json */
export const perturbationRecord = z.object({
  id: z.string(),
  attack: z.string(),
  /** Paper of the attack, as one line. */
  paper: z.string(),
  settings: z.record(z.string(), z.unknown()),
  /** Of one that others made. */
  credit: perturbationCredit.optional(),
  norm,
  epsilon: z.number(),
  seed: z.int(),
  budget: budget.nullable(),
  /**
   * The models it was crafted on: hash of the file as its makers published it, of the prepared graph, and how a canvas
   * becomes the model's input.
   */
  surrogates: z.array(z.object({ id: z.string(), sha256, prepared: sha256, preprocessing: preprocessing.optional() })),
  canvas: z.int(),
  crafting: z.object({ photos: z.int(), sha256 }),
  provider: z.string(),
  /** Only in older releases, as is `seconds`: now run.json has both. */
  commit: z.string().optional(),
  seconds: z.number().optional(),
  gradients: z.int(),
  curve: z.array(curvePoint),
  /**
   * How it grew: its middle, `side` pixels wide and high, after so many gradients, amplified as the preview is (128 +
   * 127 v / linf of the finished one); the last is the finished one. The pictures stand from left to right in one PNG.
   * Older releases have none, and what no model took part in.
   */
  growth: z.object({ side: z.int().min(1), gradients: z.array(z.int()).min(1).max(100), key: z.string() }).optional(),
  /** The size of v itself, 0..255 units. */
  linf: z.number(),
  l2: z.number(),
  /**
   * Peak signal-to-noise ratio in decibels, and structural similarity of the luma (Gaussian window of 11 x 11 pixels,
   * sigma 1.5): means over all evaluation photos. (Older releases: over 40 of them, with uniform windows of 8 x 8.)
   */
  psnr: z.number(),
  ssim: z.number(),
  fooling: z.object({
    /**
     * On crafting photos, on the surrogate; null without one. Over several the mean of their ratios, with the interval
     * of as many trials as there are photos (older releases: as there are photos times models).
     */
    crafting: share.nullable(),
    /** The same on each of several surrogates. */
    each: z.array(modelShare).optional(),
    evaluation: z.array(transferRow),
    /** The controls beside it. Older releases, noise, and studies without that finding have none. */
    controls: z.array(controlRow).optional(),
  }),
  /** The labels that evaluation photos most often become, per target. */
  dominant: z.array(
    z.object({ target: z.string(), labels: z.array(z.object({ index: z.int(), label: z.string(), photos: z.int() })) }),
  ),
  examples: z.array(example),
  files: z.object({ npy: z.string(), safetensors: z.string(), preview: z.string() }),
});
export type PerturbationRecord = z.infer<typeof perturbationRecord>;

/** What a photo shows, said by a person. */
const subject = z.object({
  /** With its article, to be read aloud: "a red panda". */
  shows: z.string().min(1).max(100),
  /** The labels that are right for it; none where the classes have no name for it. */
  labels: z.array(z.string()).max(20),
});

export const photoCredit = z.object({
  file: z.string(),
  author: z.string(),
  licence: z.string(),
  source: z.string(),
  label: z.string().optional(),
  subject: subject.optional(),
});
export type PhotoCredit = z.infer<typeof photoCredit>;

export const releaseFile = z.object({ key: z.string(), sha256, bytes: z.int().min(0), mediaType: z.string() });
export type ReleaseFile = z.infer<typeof releaseFile>;

/** A model as the release serves it: its card, and the prepared graph (canvas in, logits out). */
export const releaseModel = z.object({
  card: modelCard,
  /** models/<sha256>.onnx */
  key: z.string(),
  sha256,
  bytes: z.int(),
  edge: z.boolean(),
  /** Key of a JSON string[] of label by class index. */
  labels: z.string(),
});
export type ReleaseModel = z.infer<typeof releaseModel>;

/** What tells a perturbation from the others of a release, in the manifest and in the API's lists. */
export const perturbationSummary = z.object({
  id: z.string(),
  attack: z.string(),
  norm,
  epsilon: z.number(),
  seed: z.int(),
  /** Ids of the models it was crafted on. */
  surrogates: z.array(z.string()),
});

/** It stands in addresses, and in commands that people copy: "0.1.0-1a2b3c4d". */
export const releaseVersion = z
  .string()
  .max(100)
  .regex(/^\d+\.\d+\.\d+(-[0-9A-Za-z.-]*[0-9A-Za-z])?$/, 'a version is a number such as 0.1.0-1a2b3c4d');

/** A column of a table, in Parquet's types. */
export const tableColumn = z.object({
  name: z.string(),
  type: z.enum(['STRING', 'INT32', 'INT64', 'DOUBLE', 'BOOLEAN']),
  nullable: z.boolean().optional(),
  /** For people, as one line. */
  description: z.string(),
});
export type TableColumn = z.infer<typeof tableColumn>;

/** A table as a release has it: in two forms, with the same rows. */
export const releaseTable = z.object({
  name: z.string(),
  /** What it answers, as one line. Older releases have neither title nor columns. */
  title: z.string().optional(),
  columns: z.array(tableColumn).max(1000).optional(),
  /** What its rows show, as one sentence. */
  says: z.string().max(2000).optional(),
  csv: z.string(),
  parquet: z.string(),
  rows: z.int(),
});
export type ReleaseTable = z.infer<typeof releaseTable>;

/**
 * releases/<version>/manifest.json: what is here. Keys are relative to the bucket's root; nothing else may guess them.
 */
export const manifest = z.object({
  schema: z.literal(1),
  version: releaseVersion,
  /** When and by which code, as `run` says; no part of what the version is the hash of. */
  created: z.iso.datetime(),
  title: z.string(),
  description: z.string(),
  licence: z.string(),
  study: z.string(),
  commit: z.string(),
  /** Key of run.json. Older releases have none. */
  run: z.string().optional(),
  provider: z.string(),
  seeds: z.array(z.int()),
  canvas: z.int(),
  /** How photos became canvases; left out: "crop". */
  fit: photoFit.optional(),
  models: z.array(releaseModel),
  perturbations: z.array(
    perturbationSummary.extend({
      record: z.string(),
      npy: z.string(),
      safetensors: z.string(),
      preview: z.string(),
      /** Key of the pictures of how it grew, where its record has them. */
      growth: z.string().optional(),
    }),
  ),
  /** Perturbations that were measured and are not published: tables have their rows, and nothing else is here. */
  unpublished: z.array(perturbationSummary.extend({ credit: perturbationCredit.optional() })).optional(),
  tables: z.array(releaseTable),
  photos: z.array(
    photoCredit.extend({
      key: z.string(),
      /** Key of the photo's clean canvas as PNG, for the photos that the records' examples show. */
      canvas: z.string().optional(),
    }),
  ),
  files: z.array(releaseFile),
});
export type Manifest = z.infer<typeof manifest>;

/** latest.json: the only mutable key, written last. */
export const latest = z.object({ version: releaseVersion, manifest: z.object({ key: z.string(), sha256 }) });
