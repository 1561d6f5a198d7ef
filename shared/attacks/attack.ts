import type { z } from 'zod';
import type { Allowance } from './budget.ts';
import type { State } from './state.ts';
import type { Surrogates } from './surrogates.ts';

/** Where a method comes from. */
export interface Paper {
  authors: string;
  title: string;
  year: number;
  venue?: string;
  arxiv?: string;
}

/** One craft under way: an iterate v and the step that moves it. */
export interface Iteration {
  /** All that changes from step to step. A checkpoint is a copy of it, put back in place. */
  state: State & { v: Float32Array };
  /** One step: moves state.v; the caller projects it. `false` when there is nothing left to do. */
  step(): Promise<boolean>;
}

interface Facts {
  name: string;
  /** `import.meta.url` of its file: the code that a perturbation is made by is found from there. */
  source: string;
  /** What it does, in one sentence. */
  summary: string;
  paper: Paper | null;
  /** false: it looks at no model and at no photo. */
  usesModel: boolean;
  /** Whether it knows what several surrogates at once mean. */
  ensembles: boolean;
  /** Which iterate is kept: the last, or the one that fooled most crafting photos when they were looked at. */
  keeps: 'last' | 'best';
}

/** An attack as its own file writes it, with the type of its settings. */
interface Definition<Schema extends z.ZodObject> extends Facts {
  settings: Schema;
  /**
   * Whether these settings craft without photos. Those that are given are then no part of its gradients: they measure
   * it, and where it `keeps` the best iterate, they choose that. Left out: never.
   */
  dataFree?(settings: z.output<Schema>): boolean;
  /**
   * What it may ask (`surrogates`) and what it may spend (`budget`) come apart: an attack asks the surrogates and pays
   * from the budget.
   */
  begin(surrogates: Surrogates, budget: Allowance, settings: z.output<Schema>): Promise<Iteration> | Iteration;
}

/** An attack as the table and the driver know it. Settings are checked against its schema each time. */
export interface Attack extends Facts {
  settings: z.ZodObject;
  dataFree(settings: Record<string, unknown>): boolean;
  begin(surrogates: Surrogates, budget: Allowance, settings: Record<string, unknown>): Promise<Iteration> | Iteration;
}

/** Lets the table of attacks forget the type of the settings: what is passed is parsed by the attack's own schema. */
export function attack<Schema extends z.ZodObject>(definition: Definition<Schema>): Attack {
  const { settings, dataFree, begin, ...facts } = definition;
  return {
    ...facts,
    settings,
    dataFree: (given) => dataFree?.(settings.parse(given)) ?? false,
    begin: (surrogates, budget, given) => begin(surrogates, budget, settings.parse(given)),
  };
}
