import { z } from 'zod';
import { percent } from '../../format.ts';
import { plateUrl } from '../../release.ts';
import { figure, isOwn, plateName, share } from '../figure.ts';
import { percents } from '../kinds.ts';

/** In how few labels photos end. */
export const concentration = figure({
  table: 'concentration',
  row: z.object({
    ...{ perturbation: z.string(), target: z.string() },
    ...{ top5_before: share, top5_after: share, top5_noise: share },
  }),
  draw(rows, atlas) {
    const own = rows.filter(({ perturbation, target }) => isOwn(atlas, perturbation, target));
    const groups = Map.groupBy(own.length > 0 ? own : rows, ({ target }) => target);
    return [
      {
        isFooled: false,
        caption: `The share of all photographs that the five commonest labels take, ${own.length > 0 ? 'each plate on the network that it was crafted on' : 'each plate on each network'}.`,
        keys: [
          { shape: 'value', text: 'with the plate' },
          { shape: 'ring', text: 'before' },
          { shape: 'tick', text: 'with noise' },
        ],
        chart: {
          kind: 'dots',
          scale: percents,
          groups: [...groups].map(([target, of]) => ({
            title: atlas.titleOf(target),
            rows: of
              .sort((a, b) => b.top5_after - a.top5_after)
              .map(({ perturbation, top5_before, top5_after, top5_noise }) => ({
                name: plateName(atlas, perturbation),
                href: plateUrl(perturbation),
                value: top5_after,
                text: percent(top5_after, 0),
                marks: [
                  { shape: 'ring', at: top5_before },
                  { shape: 'tick', at: top5_noise },
                ],
                said: `${plateName(atlas, perturbation)} on ${atlas.titleOf(target)}: five labels take ${percent(top5_after)}; ${percent(top5_before)} before, ${percent(top5_noise)} with noise.`,
              })),
          })),
        },
      },
    ];
  },
});
