/** What the jobs of the sweep leave behind, apart from the outputs that every study has. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Output } from '../jobs/index.ts';

/** Photos that are chosen to be looked at. */
export const showcaseResult = z.object({
  /** Best first; the one that resists is the last. */
  photos: z.array(z.object({ photo: z.string(), resists: z.boolean() })),
});
export type ShowcaseResult = z.infer<typeof showcaseResult>;

/** What a model reads in a few photos at several strengths of perturbations: `rows.json`. */
export const sweptResult = z.object({ rows: z.int() });
export type SweptResult = z.infer<typeof sweptResult>;

const sweptRow = z.object({
  photo: z.string(),
  /** null: the photo as it is, at strength 0. */
  perturbation: z.string().nullable(),
  strength: z.number(),
  /** From the most probable on. */
  predictions: z.array(z.object({ index: z.int(), probability: z.number() })),
});
export type SweptRow = z.infer<typeof sweptRow>;

export const readSweep = async (output: Output<SweptResult>): Promise<SweptRow[]> =>
  sweptRow.array().parse(JSON.parse(await readFile(join(output.folder, 'rows.json'), 'utf8')));
