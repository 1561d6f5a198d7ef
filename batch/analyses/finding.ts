/**
 * A finding: one question about the perturbations of a study, and the table that answers it. It is one file of this
 * room and one line of `list.ts`; the study's `analyses`, `atlas analyse`, a release's tables with their documents,
 * the site's downloads and the API's list follow from it.
 */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Defence } from '#shared/graph';
import { type ControlKind, givenAttack, type Norm, type TableColumn, tableColumn } from '#shared/release';
import type { VariantKind } from '#shared/synthetic';
import { defineStep, type Job, type Output, type Outputs } from '../jobs/index.ts';
import type { Alteration } from '../photos/index.ts';
import type {
  CraftedResult,
  DistortionResult,
  HardenedResult,
  MeasuredResult,
  PerturbationResult,
  PhotosResult,
  SpectraResult,
} from './outputs.ts';
import type { Probes } from './probes.ts';
import type { ShowcaseResult, SweptResult } from './swept.ts';

/** A model that perturbations are tried on. */
export interface Target {
  id: string;
  classes: number;
  /** Label by class index; null where the model has none. */
  labels: readonly string[] | null;
  /** WordNet id by class index; null where it is not known. */
  wnids: readonly (string | null)[] | null;
}

/** A model of the study with one more class, "non-natural or tampered with". */
export interface HardenedTarget extends Target {
  /** What it was made from. */
  network: Target;
  /** What it was shown. */
  learnt: readonly StudyPerturbation[];
  /** Of clean photos that may be taken for tampered ones. */
  rate: number;
}

export interface StudyPerturbation {
  id: string;
  attack: string;
  norm: Norm;
  /** In units of 0..255. */
  epsilon: number;
  seed: number;
  /** Ids of the models that it is crafted on; none for an attack that uses no model, and where others made it. */
  surrogates: readonly string[];
  /** All that it is made by but the seed, as text: those of one recipe differ by chance alone. */
  recipe: string;
  /** It is measured, and the release has no files of it. */
  unpublished?: true;
}

/** Whether it is a pattern that no model has a part in, crafted by nobody. */
export const isPattern = ({ surrogates, attack }: Pick<StudyPerturbation, 'surrogates' | 'attack'>): boolean =>
  surrogates.length === 0 && attack !== givenAttack;

/** What tables say of where a perturbation comes from. */
export const surrogateOf = (of: Pick<StudyPerturbation, 'surrogates' | 'attack'>): string =>
  of.surrogates.join('+') || (isPattern(of) ? 'none' : 'unknown');

/** A perturbation that is made from another one. */
export interface DerivedPerturbation {
  id: string;
  from: StudyPerturbation;
  kind: VariantKind;
  /** As the kind has it; null where it takes none. */
  amount: number | null;
  /** Of what is drawn. */
  seed: number;
}

/** A pattern without anything that crafting put there: what a perturbation has to beat. */
export interface Control {
  kind: ControlKind;
  seed: number;
  pattern: StudyPerturbation | DerivedPerturbation;
}

/** What is swept: the photos of a showcase, by factors above 0. */
export interface Swept {
  showcase: Job<ShowcaseResult>;
  /** How many photos that chooses. */
  count: number;
  perturbations: readonly StudyPerturbation[];
  strengths: readonly number[];
  /** Labels of each. */
  top: number;
}

/**
 * What a finding can build on: the jobs of a study. Those that the study does anyway and those that only this finding
 * asks for are had in the same way; each is done once.
 */
export interface StudyJobs {
  /** Side of the canvas in pixels. */
  readonly canvas: number;
  /** How much a finding that crafts or measures a lot may do. */
  readonly effort: 'light' | 'whole';
  /** The models of the study, on which perturbations are crafted. */
  readonly models: readonly Target[];
  /** Its hardened networks. */
  readonly hardened: readonly HardenedTarget[];
  /** Both: all that perturbations are tried on. */
  readonly targets: readonly Target[];
  readonly perturbations: readonly StudyPerturbation[];
  /** WordNet id by class index, for models that do not say their own. */
  readonly classes: readonly (string | null)[];
  readonly crafting: Job<PhotosResult>;
  readonly evaluation: Job<PhotosResult>;
  crafted(perturbation: StudyPerturbation): Job<CraftedResult>;
  derived(perturbation: DerivedPerturbation): Job<PerturbationResult>;
  /** Predictions of the evaluation photos with a perturbation, null: as they are; and altered, where `by` is given. */
  measured(
    target: Target,
    perturbation: StudyPerturbation | DerivedPerturbation | null,
    by?: Alteration,
  ): Job<MeasuredResult>;
  hardening(target: HardenedTarget): Job<HardenedResult>;
  /** The same network hardened anew, from what it learnt from and from these. */
  hardenedAgain(target: HardenedTarget, also: readonly StudyPerturbation[]): HardenedTarget;
  /** The same network hardened anew, from these alone; its id ends with the name. */
  hardenedOn(target: HardenedTarget, name: string, learnt: readonly StudyPerturbation[]): HardenedTarget;
  /** Crafted in the same way on a hardened network. */
  craftedOn(perturbation: StudyPerturbation, target: Target): StudyPerturbation;
  /** A network behind a defence, to craft on. */
  behind(network: Target, name: string, defence: Defence): Target;
  /** The noise that a perturbation is read beside: of the same bound and seed. */
  control(perturbation: StudyPerturbation): StudyPerturbation;
  /**
   * All that it is held against: several draws of that noise, blocks of it, its phase twin. None for noise itself. Of a
   * light study the draws and blocks are those of the lowest seed of its bound, the twin that of the lowest seed of its
   * recipe.
   */
  controls(perturbation: StudyPerturbation): Control[];
  /** How much evaluation photos have of each frequency, with a perturbation or, null, as they are. */
  spectra(perturbation: StudyPerturbation | null): Job<SpectraResult>;
  distortion(perturbation: StudyPerturbation): Job<DistortionResult>;
  /** What photos show, where their credits say so: file name, and the labels that are right. */
  readonly subjects: readonly { photo: string; labels: readonly string[] }[];
  /** What a target reads in chosen evaluation photos, as they are and at several strengths of perturbations. */
  swept(target: Target, of: Swept): Job<SweptResult>;
  /** The same, crafted on so many of the crafting photos; 0: on as many pictures that are drawn from its seed. */
  onPhotos(perturbation: StudyPerturbation, photos: number): StudyPerturbation;
  /** What is asked of networks beyond their answers. */
  readonly probes: Probes;
}

type Cell = string | number | boolean | null;
export type Column<Row> = Omit<TableColumn, 'name'> & { name: keyof Row & string };

export interface Finding<Needs extends object = object, Row extends object = object> {
  /** Of the table, and in a study's `analyses`. */
  name: string;
  /** The question, as one line for people. */
  title: string;
  /** `import.meta.url`: its code is found from there. */
  source: string;
  /** Whether a study that names no analyses has it. False for what takes longer than crafting does. */
  byDefault: boolean;
  /** The table that a release shows first. */
  isMain?: boolean;
  columns: readonly Column<Row>[];
  /** The jobs that the rows are made from, with all else that they depend on, as plain data. */
  needs(study: StudyJobs): Needs;
  rows(needs: Outputs<Needs>): Promise<Row[]> | Row[];
  /** What the rows show, as one sentence for people; null where they show nothing of it. */
  says?(rows: readonly Row[]): string | null;
}

/** Holds rows, columns and needs of a finding to each other, which the table of findings forgets. */
export function finding<Needs extends object, Row extends { [Name in keyof Row]: Cell }>(
  definition: Finding<Needs, Row>,
): Finding {
  return definition as unknown as Finding;
}

/** A table with its rows in `rows.json`. */
export const findingResult = z.object({
  name: z.string(),
  title: z.string(),
  columns: z.array(tableColumn),
  rows: z.int(),
  /** What they show, as one sentence. */
  says: z.string().nullable(),
});
export type FindingResult = z.infer<typeof findingResult>;
export type TableRow = Record<string, Cell>;

const analyse = defineStep<object, FindingResult, Finding>({
  name: 'analyse',
  source: import.meta.url,
  result: findingResult,
  async run(_context, needs, { name, title, columns, rows, says }) {
    const found = await rows(needs);
    const bytes = new TextEncoder().encode(JSON.stringify(found));
    const result = { name, title, columns: [...columns], rows: found.length, says: says?.(found) ?? null };
    return { result, files: { 'rows.json': bytes } };
  },
});

/** The job that answers a finding. */
export function findingJob(of: Finding, study: StudyJobs): Job<FindingResult> {
  return analyse({ id: of.name, inputs: of.needs(study), code: [of.source], place: of });
}

export async function readRows<Row extends object = TableRow>(output: Output<FindingResult>): Promise<Row[]> {
  return JSON.parse(await readFile(join(output.folder, 'rows.json'), 'utf8')) as Row[];
}
