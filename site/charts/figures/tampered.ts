import { z } from 'zod';
import { number, percent } from '../../format.ts';
import { figure, plateName, share } from '../figure.ts';
import { type Mark, percents } from '../kinds.ts';

/** What hardened networks call tampered with, and what still fools them. */
export const tampered = figure({
  table: 'tampered',
  row: z.object({
    ...{ model: z.string(), perturbation: z.string(), variant: z.string(), learnt: z.boolean().nullish() },
    ...{ photos: z.int().min(1), tampered_ratio: share, plain_fooled: z.int(), auroc: z.number().nullish() },
    ...{ fooled_ratio: share, fooled_low: share, fooled_high: share },
  }),
  draw(rows, atlas) {
    // Only what is shown as it is: other variants are in the table.
    const shown = rows.filter(({ variant }) => variant === 'none');
    const nameOf = ({ perturbation, learnt }: (typeof rows)[number]) =>
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
    ];
  },
});
