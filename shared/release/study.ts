import { z } from 'zod';
import { budget, epsilonRange, norm } from './bounds.ts';
import { photoFit } from './fit.ts';
import { isSafeName } from './keys.ts';
import { perturbationCredit } from './records.ts';

const areUnique = (items: readonly unknown[]) => new Set(items).size === items.length;

/** Ids of models, joined by "+" where a perturbation is crafted on several at once. */
const surrogate = z
  .string()
  .refine((ids) => ids.split('+').length <= 16, 'a perturbation is crafted on at most 16 models at once')
  .refine(
    (ids) => areUnique(ids.split('+')),
    'a perturbation is crafted on each model once, and one stands here twice',
  );

/** What a person plans and a machine can do: each perturbation takes minutes. */
const mostPerturbations = 5000;

const studyPerturbation = z.strictObject({
  attack: z.string(),
  settings: z.record(z.string(), z.unknown()).default({}),
  norm: norm.default('inf'),
  /** Left out: what is usual under the norm on the study's canvas. */
  epsilon: z.number().max(1e6).optional(),
  seeds: z.array(z.int().min(0)).min(1).max(1000).refine(areUnique, 'a seed stands here twice').default([1]),
  /**
   * Ids of the study's models, each in turn; "a+b" is one perturbation crafted on both at once. Left out: each of the
   * models in turn. An attack without a surrogate (noise) ignores it.
   */
  surrogates: z.array(surrogate).max(1000).optional(),
  budget: budget.optional(),
  /**
   * How many of the crafting photos it is crafted on, drawn by its seed; 0: as many pictures as there are photos, drawn
   * from the seed, and no photo. Left out: all.
   */
  photos: z.int().min(0).max(1e6).optional(),
});

/** What stands for the attack of a perturbation that was not crafted here, but read from a file. */
export const givenAttack = 'given';

/** A perturbation that others made. How its file is understood is said as `atlas evaluate` is told it. */
const givenPerturbation = z
  .strictObject({
    /** Relative to the study. */
    file: z.string().min(1),
    /** Left out: from the file's name. */
    id: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'an id is letters, digits, ".", "_" and "-"')
      .refine(isSafeName, 'must be a safe file name')
      .optional(),
    /** The unit of the file: 255, "-1..1", "0.229,0.224,0.225", … */
    scale: z.union([z.number().positive(), z.string().min(1)]).optional(),
    array: z.string().optional(),
    index: z.int().min(0).optional(),
    layout: z.enum(['CHW', 'HWC']).optional(),
    order: z.enum(['RGB', 'BGR']).optional(),
    /** Its bound; left out: what it tells itself. */
    norm: norm.optional(),
    epsilon: z.number().positive().max(1e6).optional(),
    /** Bring it within that bound, where it is beyond. */
    clip: z.boolean().default(false),
    credit: perturbationCredit.optional(),
    /** Whether the release has it. Otherwise it has what was measured of it alone. */
    publish: z.boolean().default(false),
  })
  .refine(({ publish, credit }) => !publish || credit !== undefined, {
    path: ['credit'],
    error: 'is needed where publish is true: author, licence and source of who made it',
  });

/** A model of the study with one more class, "non-natural or tampered with" (docs/hardening.md). */
const hardenedNetwork = z.strictObject({
  /** Id of the model of the study that it is made from. */
  model: z.string(),
  /** Left out: the model's id and "-hardened". */
  id: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'an id is letters, digits, ".", "_" and "-"')
    .refine(isSafeName, 'must be a safe file name')
    .optional(),
  /** Share of clean photos that may be taken for tampered ones; (1 - rate) / rate crafting photos can hold it. */
  rate: z.number().gt(0).lt(1).default(0.01),
  /**
   * Ids of perturbations that it does not learn from, so that they show what it makes of new ones. Left out: a third of
   * the study's crafted ones, by the hash of their ids, where there are at least four.
   */
  holdOut: z.array(z.string()).max(1000).optional(),
  seed: z
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .default(1),
});
export type HardenedNetwork = z.infer<typeof hardenedNetwork>;

const studyFile = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9-]*$/),
  title: z.string(),
  description: z.string().default(''),
  /** Side of the canvas in pixels. */
  canvas: z.int().min(8).max(1024).default(224),
  /** Left out: "exact" where all cards say so for inputs of the canvas' size, else "crop". */
  fit: photoFit.optional(),
  /** Ids of the zoo, or paths to cards. */
  models: z.array(z.string()).min(1).max(1000),
  /**
   * Models with one more class, each a target beside the models, and published with them. Perturbations are crafted on
   * one where their `surrogates` name it.
   */
  hardened: z.array(hardenedNetwork).max(100).default([]),
  photos: z.strictObject({
    folder: z.string(),
    /**
     * JSON list of {file, author, licence, source, label?}; photos without a credit are measured and never published.
     */
    credits: z.string().optional(),
    /** JSON list of {index, wnid, label}: a file name that starts with a wnid then has that class as its truth. */
    classes: z.string().optional(),
    /** Whether the release may show them. */
    publish: z.boolean().default(false),
  }),
  perturbations: z
    .array(z.union([studyPerturbation, givenPerturbation]))
    .min(1)
    .max(1000),
  /** Names of findings, each of which becomes a table; left out: those that need no measurement of their own. */
  analyses: z.array(z.string()).min(1).max(1000).optional(),
  /** "light": findings that craft or measure a lot do so on a part that shows the same, in minutes. */
  effort: z.enum(['light', 'whole']).default('whole'),
  release: z.strictObject({
    version: z.string().regex(/^\d+\.\d+\.\d+$/),
    licence: z.string().default('CC-BY-4.0'),
    /**
     * The day that goes with the version, such as "2026-11-26", for citations and catalogues. Left out, they have none:
     * the day on which a release happens to be made is no part of it.
     */
    date: z.iso.date().optional(),
  }),
});

const boundedStudy = studyFile.refine(
  ({ models, perturbations }) =>
    perturbations.reduce(
      (sum, one) => sum + ('file' in one ? 1 : one.seeds.length * (one.surrogates ?? models).length),
      0,
    ) <= mostPerturbations,
  { path: ['perturbations'], error: `they come to more than ${mostPerturbations}: a seed on a surrogate is one` },
);

/** A study file: what is crafted, on which models and photos, and what is measured. Paths are relative to the file. */
export const study = boundedStudy.transform(({ perturbations, ...rest }) => ({
  ...rest,
  perturbations: perturbations.map((one) => {
    if ('file' in one) return one;
    const { attack, settings, norm, epsilon = epsilonRange(norm, rest.canvas).usual, ...more } = one;
    return { ...{ attack, settings, norm, epsilon }, ...more };
  }),
}));
export type Study = z.infer<typeof study>;
export type GivenPerturbation = Extract<Study['perturbations'][number], { file: string }>;
