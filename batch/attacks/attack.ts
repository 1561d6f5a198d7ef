import type { z } from 'zod';
import type { State } from './state.ts';
import type { Work } from './work.ts';

/** Where a method comes from. */
export interface Paper {
  authors: string;
  title: string;
  year: number;
  venue?: string;
  arxiv?: string;
}

/** One craft under way. */
export interface Course {
  /** All that changes from step to step. A checkpoint is a copy of it, put back in place. */
  state: State & { v: Float32Array };
  /** One step: moves state.v; the caller projects it. `false` when there is nothing left to do. */
  step(): Promise<boolean>;
}

export interface Attack<Schema extends z.ZodObject = z.ZodObject> {
  name: string;
  /** `import.meta.url` of its file: the code that a perturbation is made by is found from there. */
  source: string;
  /** What it does, in one sentence. */
  summary: string;
  paper: Paper | null;
  /** false: it looks at no model and at no photo. */
  usesModel: boolean;
  /** Whether these settings craft without photos; those that are given then only measure. Left out: never. */
  dataFree?(settings: z.infer<Schema>): boolean;
  /** Whether it knows what several surrogates at once mean. */
  ensembles: boolean;
  /** Which iterate is kept: the last, or the one that fooled most crafting photos when they were looked at. */
  keeps: 'last' | 'best';
  settings: Schema;
  begin(work: Work, settings: z.infer<Schema>): Promise<Course> | Course;
}

/** Keeps the type of the settings while the table of attacks forgets it. */
export function attack<Schema extends z.ZodObject>(definition: Attack<Schema>): Attack {
  return definition as unknown as Attack;
}
