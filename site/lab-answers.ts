/** What the release has measured of its photos, from its tables and records, photo by photo. */
import { type MeasuredRow, type Published, publishedOf } from './lab/published.ts';
import type { Atlas } from './release.ts';
import { rowsOf } from './rows.ts';

interface SweepRow {
  photo: string;
  resists: boolean;
  target: string;
  perturbation: string | null;
  strength: number;
  index: number;
  label: string;
  probability: number;
}

export interface PredictionRow {
  perturbation: string;
  target: string;
  photo: string;
  clean: number;
  clean_label: string;
  clean_probability: number;
  perturbed: number;
  perturbed_label: string;
  perturbed_probability: number;
  fooled: boolean;
}

/** The rows of both tables by photo, read once. */
const read = (atlas: Atlas) => {
  const known = kept.get(atlas) ?? byPhoto(atlas);
  kept.set(atlas, known);
  return known;
};
const kept = new WeakMap<Atlas, ReturnType<typeof byPhoto>>();
async function byPhoto(atlas: Atlas) {
  const sweep = Map.groupBy(await rowsOf<SweepRow>('sweep', atlas), ({ photo }) => photo);
  const predictions = Map.groupBy(await rowsOf<PredictionRow>('predictions', atlas), ({ photo }) => photo);
  return { sweep, predictions };
}

/** The photos that were chosen to show the flaw, best first, by file name. */
export async function sweptPhotos(atlas: Atlas): Promise<{ photo: string; resists: boolean }[]> {
  const { sweep } = await read(atlas);
  return [...sweep].map(([photo, [{ resists }]]) => ({ photo, resists }));
}

/** All answers that the release has for a photo. */
export async function publishedFor(atlas: Atlas, photo: string): Promise<Published> {
  const { sweep, predictions } = await read(atlas);
  const swept = (sweep.get(photo) ?? []).map((row): MeasuredRow => ({ ...row, model: row.target }));
  const predicted = (predictions.get(photo) ?? []).flatMap((row) =>
    pair(row.target, row.perturbation, cleanOf(row), perturbedOf(row)),
  );
  const examples = atlas.plates.flatMap(({ id, record }) =>
    record.examples
      .filter((example) => example.photo === photo)
      .flatMap(({ target, clean, perturbed }) => pair(target, id, clean, perturbed)),
  );
  return publishedOf([...swept, ...predicted, ...examples]);
}

type Label = Pick<MeasuredRow, 'index' | 'label' | 'probability'>;
const cleanOf = (row: PredictionRow): Label => ({
  ...{ index: Number(row.clean), label: row.clean_label, probability: row.clean_probability },
});
const perturbedOf = (row: PredictionRow): Label => ({
  ...{ index: Number(row.perturbed), label: row.perturbed_label, probability: row.perturbed_probability },
});
const pair = (model: string, perturbation: string, clean: Label, perturbed: Label): MeasuredRow[] => [
  { model, perturbation: null, strength: 0, ...labelled(clean) },
  { model, perturbation, strength: 1, ...labelled(perturbed) },
];
const labelled = ({ index, label, probability }: Label): Label => ({ index, label, probability });
