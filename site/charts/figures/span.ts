import { z } from 'zod';
import { number } from '../../format.ts';
import { plateUrl } from '../../release.ts';
import { figure, plateName } from '../figure.ts';
import { upTo } from '../steps.ts';

/** How much of each plate lies in the directions that the normals of decision boundaries share. */
export const span = figure({
  table: 'span',
  row: z.object({
    ...{ perturbation: z.string(), target: z.string(), own: z.boolean() },
    ...{ dimensions: z.int(), share: z.number().min(0), chance: z.number().positive() },
  }),
  draw(rows, atlas) {
    const most = Math.max(...rows.map(({ dimensions }) => dimensions));
    const times = (row: (typeof rows)[number]) => row.share / row.chance;
    const all = rows.filter(({ dimensions }) => dimensions === most).toSorted((a, b) => times(b) - times(a));
    return [
      {
        isFooled: false,
        caption: `How many times as much of the square of each plate lies in the first ${most} singular directions of the normals as of a vector in a random direction.`,
        keys: [{ shape: 'value', text: 'times as much as by chance (1)' }],
        chart: {
          kind: 'dots',
          scale: upTo(Math.max(1, ...all.map(times))),
          groups: [...Map.groupBy(all, ({ target }) => target)].map(([target, of]) => ({
            title: `normals of ${atlas.titleOf(target)}`,
            rows: of.map((row) => ({
              name: `${plateName(atlas, row.perturbation)}${row.own ? ' (own)' : ''}`,
              href: plateUrl(row.perturbation),
              ...{ value: times(row), text: number(times(row), 1) },
              marks: [{ shape: 'tick', at: 1 }],
              said: `${plateName(atlas, row.perturbation)}${row.own ? ', made on this network,' : ''} has ${number(times(row), 1)} times as much in ${most} directions as by chance.`,
            })),
          })),
        },
      },
    ];
  },
});
