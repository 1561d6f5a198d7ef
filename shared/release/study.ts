import { z } from 'zod';

/** "inf": |v| <= epsilon in every pixel; "2": the Euclidean length of v <= epsilon. Units of 0..255. */
export const norms = ['inf', '2'] as const;
export const norm = z.enum(norms);
export type Norm = z.infer<typeof norm>;

/** The bound where none is given: those of the literature. */
export const defaultEpsilon: Readonly<Record<Norm, number>> = { inf: 10, '2': 2000 };

const wholeAboveZero = 'must be a whole number above 0';
const aboveZero = 'must be a number above 0';
const shareAboveZero = 'must be a share above 0 and at most 1, such as 0.8';

/** When crafting stops: whichever comes first. */
export const budget = z
  .object({
    /** Input gradients, one for each photo of each step. */
    gradients: z.int(wholeAboveZero).positive(wholeAboveZero).optional(),
    seconds: z.number(aboveZero).positive(aboveZero).optional(),
    /** Fooling ratio on the crafting photos. */
    fooling: z.number(shareAboveZero).gt(0, shareAboveZero).max(1, shareAboveZero).optional(),
  })
  .refine(
    (b) => b.gradients !== undefined || b.seconds !== undefined || b.fooling !== undefined,
    'a budget names gradients, seconds or fooling',
  );
export type Budget = z.infer<typeof budget>;

/** Where no budget is given: plain crafting on a hundred and more photos has levelled out by then. */
export const defaultBudget: Readonly<Budget> = { gradients: 2000 };

export const studyPerturbation = z
  .strictObject({
    attack: z.string(),
    settings: z.record(z.string(), z.unknown()).default({}),
    norm: norm.default('inf'),
    /** Left out: `defaultEpsilon` of the norm. */
    epsilon: z.number().optional(),
    seeds: z.array(z.int().min(0)).min(1).default([1]),
    /**
     * Ids of the study's models, each in turn; "a+b" is one perturbation crafted on both at once. Left out: each of the
     * models in turn. An attack without a surrogate (noise) ignores it.
     */
    surrogates: z.array(z.string()).optional(),
    budget: budget.optional(),
  })
  .transform(({ attack, settings, norm, epsilon = defaultEpsilon[norm], ...rest }) => ({
    ...{ attack, settings, norm, epsilon },
    ...rest,
  }));

/** A study file: what is crafted, on which models and photos, and what is measured. Paths are relative to the file. */
export const study = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9-]*$/),
  title: z.string(),
  description: z.string().default(''),
  /** Side of the canvas in pixels. */
  canvas: z.int().min(8).max(1024).default(224),
  /** Ids of the zoo, or paths to cards. */
  models: z.array(z.string()).min(1),
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
  perturbations: z.array(studyPerturbation).min(1),
  analyses: z.array(z.enum(['transfer'])).default(['transfer']),
  release: z.strictObject({ version: z.string().regex(/^\d+\.\d+\.\d+$/), licence: z.string().default('CC-BY-4.0') }),
});
export type Study = z.infer<typeof study>;
