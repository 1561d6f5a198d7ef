import { z } from 'zod';
import { interval, number, percent } from '../../format.ts';
import { figure, share } from '../figure.ts';
import { percents } from '../kinds.ts';
import { evenSteps } from '../steps.ts';

/** Whether random vectors among the first singular directions of the boundary's normals fool. */
export const subspace = figure({
  table: 'subspace',
  row: z.object({
    ...{ target: z.string(), dimensions: z.int(), length: z.number(), draws: z.int(), photos: z.int() },
    ...{ ratio: share, low: share, high: share },
  }),
  draw(rows, { titleOf }) {
    // 0 stands for the whole space.
    const { scale, at } = evenSteps(
      rows.map(({ dimensions }) => dimensions),
      (value) => (value === 0 ? 'all space' : number(value)),
    );
    const groups = Map.groupBy(rows, ({ target, length }) => `${titleOf(target)}, length ${number(length, 0)}`);
    return [
      {
        isFooled: true,
        caption: `Random vectors of one length: from the whole space, and from the span of the first singular directions of the normals. ${[...groups.keys()].join('; ')}.`,
        keys: [{ shape: 'value', text: 'fooling ratio in its 95 % interval, mean over the draws' }],
        chart: {
          kind: 'lines',
          x: { ...scale, title: 'directions that it is drawn from' },
          y: { ...percents, title: '% fooled' },
          series: [...groups].map(([name, of]) => ({
            ...{ name, isMain: true },
            points: of
              .toSorted((a, b) => at(a.dimensions) - at(b.dimensions))
              .map(({ dimensions, ratio, low, high, draws, photos }) => ({
                ...{ x: at(dimensions), y: ratio, low, high },
                said: `${name}, ${dimensions === 0 ? 'from the whole space' : `from ${dimensions} directions`}: fools ${percent(ratio)} (${interval({ low, high })}) of ${photos} photographs, ${draws} draws.`,
              })),
          })),
        },
      },
    ];
  },
});
