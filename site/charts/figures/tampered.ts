import { z } from 'zod';
import { number, percent } from '../../format.ts';
import type { Atlas } from '../../release.ts';
import { figure, plateName, share } from '../figure.ts';
import { type Drawing, type Mark, percents } from '../kinds.ts';

const row = z.object({
  ...{ model: z.string(), perturbation: z.string(), variant: z.string(), learnt: z.boolean().nullish() },
  ...{ photos: z.int().min(1), tampered_ratio: share, plain_fooled: z.int() },
  ...{ auroc: share.nullish(), softmax_auroc: share.nullish(), energy_auroc: share.nullish() },
  ...{ fooled_ratio: share, fooled_low: share, fooled_high: share },
});
type Row = z.output<typeof row>;

/** What hardened networks call tampered with, and what still fools them. */
export const tampered = figure({
  table: 'tampered',
  row,
  draw(rows, atlas) {
    // Only what is shown as it is: other variants are in the table.
    const shown = rows.filter(({ variant }) => variant === 'none');
    const nameOf = ({ perturbation, learnt }: Row) =>
      perturbation === 'none' ? 'clean photographs' : `${plateName(atlas, perturbation)}${learnt ? ' (learnt)' : ''}`;
    return [
      {
        isFooled: true,
        caption:
          'What a hardened network makes of photographs with each plate: fooled, or told that they were tampered with; beside it, how many fool the plain network that it was made from.',
        keys: [
          { shape: 'value', text: 'fooled and not caught, in its 95 % interval' },
          { shape: 'square', text: 'called tampered with' },
          { shape: 'ring', text: 'fools the plain network' },
        ],
        chart: {
          kind: 'dots',
          scale: percents,
          groups: [...Map.groupBy(shown, ({ model }) => model)].map(([model, of]) => ({
            title: atlas.titleOf(model),
            rows: of.map((row) => {
              const marks: Mark[] = [
                { shape: 'square', at: row.tampered_ratio },
                { shape: 'ring', at: row.plain_fooled / row.photos },
              ];
              const area = typeof row.auroc === 'number' ? `; area under the ROC curve ${number(row.auroc, 3)}` : '';
              return {
                ...{ name: nameOf(row), value: row.fooled_ratio, low: row.fooled_low, high: row.fooled_high, marks },
                text: percent(row.fooled_ratio, 0),
                said: `${nameOf(row)} on ${atlas.titleOf(model)}: ${percent(row.fooled_ratio)} fooled, ${percent(row.tampered_ratio)} called tampered with, ${percent(row.plain_fooled / row.photos)} fool the plain network${area}.`,
              };
            }),
          })),
        },
      },
      ...areas(shown, nameOf, atlas),
    ];
  },
});

/** How well the class tells perturbed photos from clean ones, beside detectors that look at the plain answers alone. */
function areas(rows: readonly Row[], nameOf: (row: Row) => string, { titleOf }: Pick<Atlas, 'titleOf'>): Drawing[] {
  const scored = rows.filter(({ auroc }) => typeof auroc === 'number');
  if (scored.length === 0) return [];
  const clean = new Map(rows.filter(({ perturbation }) => perturbation === 'none').map((one) => [one.model, one]));
  return [
    {
      isFooled: false,
      caption:
        'The area under the ROC curve: of a photograph with the plate and a clean one, how often the first is the one that is held to be tampered with. A half is chance, and 1 is never wrong, wherever the threshold is set.',
      keys: [
        { shape: 'value', text: 'the class of the hardened network' },
        { shape: 'ring', text: 'the plain network’s largest probability' },
        { shape: 'square', text: 'the energy of its answers' },
      ],
      chart: {
        kind: 'dots',
        scale: { from: 0, to: 1, ticks: [0, 0.25, 0.5, 0.75, 1].map((at) => ({ at, text: number(at, 2) })) },
        groups: [...Map.groupBy(scored, ({ model }) => model)].map(([model, of]) => {
          const alarms = clean.get(model)?.tampered_ratio;
          return {
            title: `${titleOf(model)}${alarms === undefined ? '' : `, false alarms on ${percent(alarms)} of clean photographs`}`,
            rows: of.map((one) => {
              const { auroc, softmax_auroc, energy_auroc, tampered_ratio } = one;
              const beside = [
                { shape: 'ring' as const, at: softmax_auroc, name: 'largest probability' },
                { shape: 'square' as const, at: energy_auroc, name: 'energy' },
              ].flatMap(({ at, ...mark }) => (typeof at === 'number' ? [{ ...mark, at }] : []));
              const others = beside.map(({ name, at }) => `, by ${name} ${number(at, 3)}`).join('');
              return {
                ...{ name: nameOf(one), value: auroc!, text: number(auroc!, 3) },
                marks: beside.map(({ shape, at }) => ({ shape, at })),
                said: `${nameOf(one)} on ${titleOf(model)}: area under the ROC curve ${number(auroc!, 3)}${others}; ${percent(tampered_ratio)} are caught where the threshold is set.`,
              };
            }),
          };
        }),
      },
    },
  ];
}
