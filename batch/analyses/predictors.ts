/** Predictors: what tells beforehand whether a photo gives way. Rank correlations over the evaluation photos. */
import { rankCorrelation } from '#shared/metrics';
import { common } from './columns.ts';
import { finding } from './finding.ts';
import { type ResistanceRow, resistance, triesOf } from './resistance.ts';

export interface PredictorRow {
  target: string;
  predictor: string;
  photos: number;
  correlation: number | null;
  low: number | null;
  high: number | null;
}

/**
 * z of a two-sided 95 % interval, and the variance of a rank correlation's arctanh (Fieller, Hartley, Pearson 1957).
 */
const z = 1.959963984540054;
const variance = (n: number) => 1.06 / (n - 3);

/** With its 95 % interval, where there are photos enough for one. */
export function correlationOf(values: readonly number[], fooled: readonly number[]) {
  const correlation = rankCorrelation(values, fooled);
  if (correlation === null || values.length < 4) return { correlation, low: null, high: null };
  const half = z * Math.sqrt(variance(values.length));
  const at = Math.atanh(Math.max(-1 + 1e-12, Math.min(1 - 1e-12, correlation)));
  return { correlation, low: Math.tanh(at - half), high: Math.tanh(at + half) };
}

const predictorsOf: Record<string, (row: ResistanceRow, elsewhere: readonly ResistanceRow[]) => number> = {
  'clean probability': ({ probability }) => probability,
  'fooled by noise': ({ fooled_by_noise }) => fooled_by_noise,
  'fooled on the other models': (_row, elsewhere) => elsewhere.reduce((sum, { fooled_by }) => sum + fooled_by, 0),
};

export const predictors = finding({
  name: 'predictors',
  title: 'What tells beforehand whether a photo gives way',
  source: import.meta.url,
  byDefault: false,
  columns: [
    common.predicts,
    { name: 'predictor', type: 'STRING', description: 'What is known of each photo' },
    common.photos,
    {
      name: 'correlation',
      type: 'DOUBLE',
      nullable: true,
      description: 'Rank correlation with the number of perturbations that fool it; null where one does not vary',
    },
    { name: 'low', type: 'DOUBLE', nullable: true, description: 'Lower end of its 95 % interval (Fisher)' },
    { name: 'high', type: 'DOUBLE', nullable: true, description: 'Upper end of its 95 % interval (Fisher)' },
  ],
  needs: triesOf,
  async rows(needs) {
    const all = (await resistance.rows(needs)) as ResistanceRow[];
    const byPhoto = Map.groupBy(all, ({ photo }) => photo);
    return [...Map.groupBy(all, ({ target }) => target)].flatMap(([target, rows]) =>
      Object.entries(predictorsOf).map(([predictor, of]): PredictorRow => {
        const elsewhere = (row: ResistanceRow) =>
          (byPhoto.get(row.photo) as ResistanceRow[]).filter((other) => other !== row);
        const values = rows.map((row) => of(row, elsewhere(row)));
        const fooled = rows.map(({ fooled_by }) => fooled_by);
        return { target, predictor, photos: rows.length, ...correlationOf(values, fooled) };
      }),
    );
  },
  says(rows) {
    const known = rows.filter(({ correlation }) => correlation !== null);
    if (known.length === 0) return null;
    const of = (predictor: string) => known.filter((row) => row.predictor === predictor);
    const said = Object.keys(predictorsOf).flatMap((predictor) => {
      const some = of(predictor).map(({ correlation }) => correlation as number);
      const [low, high] = [Math.min(...some), Math.max(...some)].map((value) => value.toFixed(2));
      return some.length === 0 ? [] : [`${predictor} ${low === high ? low : `${low} to ${high}`}`];
    });
    return `What goes with giving way (rank correlation over the models): ${said.join(', ')}.`;
  },
});
