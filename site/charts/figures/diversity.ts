import { z } from 'zod';
import { number, percent } from '../../format.ts';
import { figure, plateName, share } from '../figure.ts';
import { percents } from '../kinds.ts';

/** Whether two perturbations fool the same photos. */
export const diversity = figure({
  table: 'diversity',
  row: z.object({
    ...{ a: z.string(), b: z.string(), target: z.string(), same_recipe: z.boolean(), cosine: z.number() },
    ...{ jaccard: share.nullish(), jaccard_by_chance: share.nullish() },
  }),
  draw(rows, atlas) {
    const points = rows.flatMap(({ jaccard: y, jaccard_by_chance: x, ...row }) =>
      x === null || y === null || x === undefined || y === undefined
        ? []
        : [
            {
              ...{ x, y, isMain: row.same_recipe },
              said: `${plateName(atlas, row.a)} and ${plateName(atlas, row.b)} on ${atlas.titleOf(row.target)}: ${percent(y)} of the photographs that either fools are fooled by both, ${percent(x)} by chance; inner product ${number(row.cosine, 3)}.`,
            },
          ],
    );
    // The others lie under those that differ in their seed alone.
    points.sort((a, b) => Number(a.isMain) - Number(b.isMain));
    return [
      {
        isFooled: false,
        caption:
          'Every two perturbations on every network: of the photographs that at least one of them fools, the share that both fool, against the share that two unrelated perturbations of the same ratios would have in common.',
        keys: [
          { shape: 'value', text: 'they differ in their seed alone' },
          { shape: 'ring', text: 'any other two' },
        ],
        chart: {
          kind: 'points',
          x: { ...percents, title: '% in common by chance' },
          y: { ...percents, title: '% in common' },
          points,
          diagonal: 'no more than chance',
        },
      },
    ];
  },
});
