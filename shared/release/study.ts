import { z } from 'zod';
import { budget, epsilonRange, norm } from './bounds.ts';

const studyPerturbation = z.strictObject({
  attack: z.string(),
  settings: z.record(z.string(), z.unknown()).default({}),
  norm: norm.default('inf'),
  /** Left out: what is usual under the norm on the study's canvas. */
  epsilon: z.number().optional(),
  seeds: z.array(z.int().min(0)).min(1).default([1]),
  /**
   * Ids of the study's models, each in turn; "a+b" is one perturbation crafted on both at once. Left out: each of the
   * models in turn. An attack without a surrogate (noise) ignores it.
   */
  surrogates: z.array(z.string()).optional(),
  budget: budget.optional(),
});

const studyFile = z.strictObject({
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
  /** Names of findings, each of which becomes a table; left out: those that need no measurement of their own. */
  analyses: z.array(z.string()).min(1).optional(),
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

/** A study file: what is crafted, on which models and photos, and what is measured. Paths are relative to the file. */
export const study = studyFile.transform(({ perturbations, ...rest }) => ({
  ...rest,
  perturbations: perturbations.map(
    ({ attack, settings, norm, epsilon = epsilonRange(norm, rest.canvas).usual, ...more }) => ({
      ...{ attack, settings, norm, epsilon },
      ...more,
    }),
  ),
}));
export type Study = z.infer<typeof study>;
