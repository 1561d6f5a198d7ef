import { z } from 'zod';
import { percent } from '../../format.ts';
import { figure, mean, plateName, share } from '../figure.ts';
import { type Mark, percents } from '../kinds.ts';

/** "class" is the network itself, hardened. */
const nameOf = (defence: string) => ({ none: 'no defence', class: 'hardened' })[defence] ?? defence;

/** What a defence in front of a network leaves of perturbations, and of the network. */
export const defences = figure({
  table: 'defences',
  row: z.object({
    ...{ target: z.string(), defence: z.string(), perturbation: z.string(), surrogate: z.string() },
    crafted_behind: z.string().nullish(),
    ...{ photos: z.int().min(1), kept: z.int(), ratio: share, low: share, high: share },
  }),
  draw(rows, atlas) {
    return [
      {
        isFooled: true,
        caption:
          'Behind each defence: the share of photographs whose label a perturbation still changes, and the share of photographs without one whose label the defence itself changes. The mean over the perturbations that were tried and know of no defence.',
        keys: [
          { shape: 'value', text: 'fooled behind it, mean of the 95 % intervals' },
          { shape: 'ring', text: 'changed by the defence alone' },
          { shape: 'tick', text: 'noise of the same bound' },
          ...(rows.some((row) => row.crafted_behind)
            ? [{ shape: 'diamond' as const, text: 'crafted behind the defence' }]
            : []),
        ],
        chart: {
          kind: 'dots',
          scale: percents,
          groups: [...Map.groupBy(rows, ({ target }) => target)].map(([target, all]) => ({
            title: atlas.titleOf(target),
            rows: [...Map.groupBy(all, ({ defence }) => defence)].flatMap(([defence, tried]) => {
              const of = tried.filter(({ surrogate, crafted_behind }) => surrogate !== 'none' && !crafted_behind);
              if (of.length === 0) return [];
              const noise = tried.filter(({ surrogate }) => surrogate === 'none');
              const knowing = tried.filter(({ crafted_behind }) => crafted_behind === defence);
              const markOf = (shape: Mark['shape'], some: typeof of): Mark[] =>
                some.length === 0 ? [] : [{ shape, at: mean(some.map(({ ratio }) => ratio)) }];
              const value = mean(of.map(({ ratio }) => ratio));
              const cost = mean(of.map(({ kept, photos }) => 1 - kept / photos));
              const each = of.map(
                ({ perturbation, ratio }) => `${plateName(atlas, perturbation)} ${percent(ratio, 0)}`,
              );
              return {
                ...{ name: nameOf(defence), value, text: percent(value, 0) },
                ...{ low: mean(of.map(({ low }) => low)), high: mean(of.map(({ high }) => high)) },
                marks: [{ shape: 'ring' as const, at: cost }, ...markOf('tick', noise), ...markOf('diamond', knowing)],
                said: `${nameOf(defence).replace(/^./, (first) => first.toUpperCase())} on ${atlas.titleOf(target)}: ${each.join(', ')}; alone it changes ${percent(cost)}.`,
              };
            }),
          })),
        },
      },
    ];
  },
});
