import { z } from 'zod';
import { number } from '../../format.ts';
import { figure, plateName } from '../figure.ts';
import type { Scale } from '../kinds.ts';

const cosines: Scale = { from: 0, to: 1, ticks: [0, 0.25, 0.5, 0.75, 1].map((at) => ({ at, text: String(at) })) };

/** Where in a network a perturbation takes over. */
export const layers = figure({
  table: 'layers',
  row: z.object({
    ...{ target: z.string(), perturbation: z.string(), surrogate: z.string(), own: z.boolean() },
    ...{ place: z.int(), places: z.int().min(2), photos: z.int(), cosine: z.number() },
  }),
  draw(rows, atlas) {
    const lines = Map.groupBy(
      rows,
      ({ target, perturbation }) => `${plateName(atlas, perturbation)} on ${atlas.titleOf(target)}`,
    );
    return [
      {
        isFooled: false,
        caption:
          'How alike a network’s values are for a photograph as it is and perturbed (the mean cosine), from its first layers, to the left, to its answer, to the right. Marked: plates on the network that they were made on; faint: plates of others, and noise.',
        keys: [
          { shape: 'value', text: 'on its own network' },
          { shape: 'line', text: 'others, and noise' },
        ],
        chart: {
          kind: 'lines',
          x: {
            from: 0,
            to: 1,
            ticks: [
              { at: 0, text: 'first' },
              { at: 1, text: 'answer' },
            ],
            title: 'place in the network',
          },
          y: { ...cosines, title: 'cosine' },
          series: [...lines]
            .toSorted(([, [a]], [, [b]]) => Number(a.own) - Number(b.own))
            .map(([name, of]) => ({
              ...{ name, isMain: of[0].own },
              points: of
                .toSorted((a, b) => a.place - b.place)
                .map(({ place, places, cosine }) => ({
                  ...{ x: (place - 1) / (places - 1), y: cosine },
                  said: `${name}, place ${place} of ${places}: cosine ${number(cosine, 2)}.`,
                })),
            })),
        },
      },
    ];
  },
});
