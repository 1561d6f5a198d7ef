import { z } from 'zod';
import { percent } from '../../format.ts';
import { figure, share } from '../figure.ts';
import { percents } from '../kinds.ts';
import { upTo } from '../steps.ts';

/** Whether the decision boundary looks alike next to different photos: how few directions hold its normals. */
export const normals = figure({
  table: 'normals',
  row: z.object({ target: z.string(), normals: z.int(), index: z.int(), share, random_share: share }),
  draw(rows, { titleOf }) {
    const series = [...Map.groupBy(rows, ({ target }) => target)].flatMap(([target, of]) => {
      const ordered = of.toSorted((a, b) => a.index - b.index);
      const line = (name: string, isMain: boolean, y: (row: (typeof rows)[number]) => number) => ({
        ...{ name, isMain },
        points: ordered.map((row) => ({
          ...{ x: row.index, y: y(row) },
          said: `${name}: the first ${row.index} directions hold ${percent(y(row))} of ${row.normals} normals.`,
        })),
      });
      return [
        line(`random, beside ${titleOf(target)}`, false, (row) => row.random_share),
        line(titleOf(target), true, (row) => row.share),
      ];
    });
    return [
      {
        isFooled: false,
        caption:
          'How much of the squared length of all normals lies in their first directions, by singular values, beside as many random directions. A line that rises well above the faint one would be a boundary that looks alike next to all photographs.',
        keys: [
          { shape: 'value', text: 'normals of the decision boundary' },
          { shape: 'line', text: 'random directions' },
        ],
        chart: {
          kind: 'lines',
          x: { ...upTo(Math.max(1, ...rows.map(({ index }) => index))), title: 'directions' },
          y: { ...percents, title: '% of the normals' },
          series,
        },
      },
    ];
  },
});
