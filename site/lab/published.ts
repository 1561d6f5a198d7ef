/** What a release has measured of one photo, as the site hands it to the lab: small enough to come before all else. */
import type { Prediction } from '#shared/release';
import type { Reading } from './machine.ts';
import type { LabState } from './state.ts';

/** Labels from the most probable on, each as its place in `labels` and its probability. */
export type PublishedReading = (readonly [label: number, probability: number])[];

export interface Published {
  /** Every label that the readings name: its class, and how it is called. */
  labels: (readonly [index: number, label: string])[];
  models: Record<
    string,
    {
      clean: PublishedReading;
      /** By perturbation, then by strength as a number is written. */
      perturbed: Record<string, Record<string, PublishedReading>>;
    }
  >;
}

/** The answer to a question about that photo; null where it was not measured. */
export function publishedReading(of: Published, { model, perturbation, strength }: LabState): Reading | null {
  const read = of.models[model];
  const perturbed = strength === 0 ? read?.clean : read?.perturbed[perturbation]?.[String(strength)];
  if (!read || !perturbed) return null;
  const named = (reading: PublishedReading): Prediction[] =>
    reading.map(([place, probability]) => ({ index: of.labels[place][0], label: of.labels[place][1], probability }));
  return { clean: named(read.clean), perturbed: named(perturbed), by: 'release', took: 'As measured for this release' };
}

/** A reading as the release's tables have it, one row for each label. */
export interface MeasuredRow {
  model: string;
  /** null: the photo as it is. */
  perturbation: string | null;
  strength: number;
  index: number;
  label: string;
  probability: number;
}

/** @param rows of one photo, each reading from the most probable label on; the first of two equal readings counts */
export function publishedOf(rows: Iterable<MeasuredRow>): Published {
  const of: Published = { labels: [], models: {} };
  const places = new Map<string, number>();
  const done = new Set<PublishedReading>();
  let run = '';
  let open: PublishedReading | null = null;
  for (const { model, perturbation, strength, index, label, probability } of rows) {
    const key = `${model} ${perturbation} ${strength}`;
    if (key !== run) {
      run = key;
      open = slot(of, model, perturbation, strength);
      if (done.has(open)) open = null;
      else done.add(open);
    }
    if (!open) continue;
    const name = `${index} ${label}`;
    const place = places.get(name) ?? of.labels.push([index, label]) - 1;
    places.set(name, place);
    open.push([place, Number(probability.toFixed(4))]);
  }
  return of;
}

/** Where a reading goes, made where it is not there. */
function slot(of: Published, model: string, perturbation: string | null, strength: number): PublishedReading {
  of.models[model] ??= { clean: [], perturbed: {} };
  const read = of.models[model];
  if (perturbation === null) return read.clean;
  read.perturbed[perturbation] ??= {};
  const by = read.perturbed[perturbation];
  by[String(strength)] ??= [];
  return by[String(strength)];
}
