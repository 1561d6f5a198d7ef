import { z } from 'zod';
import { number, percent } from '../../format.ts';
import { figure, plateName } from '../figure.ts';
import { percents, type Scale } from '../kinds.ts';

const shares = [10, 25, 50, 75, 90] as const;
type Row = { [Name in `length_${(typeof shares)[number]}`]: number | null | undefined };

const names: Record<string, string> = {
  noise: 'noise',
  fgsm: 'FGSM for the photograph',
  deepfool: 'DeepFool for the photograph',
  'fgsm of another photo': 'FGSM for another',
  'deepfool of another photo': 'DeepFool for another',
};

const length = z.number().nullish();

/** How long perturbations have to be before photographs give way: one for all beside one for each. */
export const thresholds = figure({
  table: 'thresholds',
  row: z.object({
    ...{ perturbation: z.string(), target: z.string(), kind: z.string(), photos: z.int() },
    ...{ length_10: length, length_25: length, length_50: length, length_75: length, length_90: length },
  }),
  draw(rows, atlas) {
    const [first] = rows;
    const shown = rows.filter(
      ({ perturbation, target }) => perturbation === first.perturbation && target === first.target,
    );
    const plate = plateName(atlas, first.perturbation);
    const series = shown.map(({ kind, photos, ...lengths }) => {
      const name = names[kind] ?? plate;
      return {
        ...{ name, isMain: kind === 'universal' },
        points: shares.flatMap((share) => {
          const at = (lengths as Row)[`length_${share}`];
          if (!at) return [];
          const said = `${name}: ${percent(share / 100, 0)} of ${photos} photographs give way at a length of ${number(at, 0)}.`;
          return [{ x: Math.log10(at), y: share / 100, said }];
        }),
      };
    });
    return [
      {
        isFooled: true,
        caption: `The length at which photographs give way on ${atlas.titleOf(first.target)}: to ${plate}, which is one for all, to noise, and to what is made for one photograph alone, tried on it and on another. Each step of the scale is ten times longer.`,
        keys: [
          { shape: 'value', text: `share of the photographs that give way to ${plate}` },
          { shape: 'line', text: 'to the others' },
        ],
        chart: {
          kind: 'lines',
          x: { ...decades(series.flatMap(({ points }) => points.map(({ x }) => x))), title: 'Euclidean length' },
          y: { ...percents, title: '% that give way' },
          series: series.filter(({ points }) => points.length > 0),
        },
      },
    ];
  },
});

/** From a power of ten to a power of ten, of logarithms. */
function decades(logarithms: readonly number[]): Scale {
  const from = Math.floor(Math.min(0, ...logarithms));
  const to = Math.max(from + 1, Math.ceil(Math.max(0, ...logarithms)));
  const ticks = Array.from({ length: to - from + 1 }, (_, i) => ({
    at: from + i,
    text: number(10 ** (from + i), Math.max(0, -from - i)),
  }));
  return { from, to, ticks };
}
