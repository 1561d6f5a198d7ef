import { z } from 'zod';
import { interval, list, number, percent } from '../../format.ts';
import { figure, mean, share } from '../figure.ts';
import { percents } from '../kinds.ts';
import { evenSteps } from '../steps.ts';

/** How many photos a perturbation is crafted from, and what it fools then. Seeds of one recipe are averaged. */
export const saturation = figure({
  table: 'saturation',
  row: z.object({
    surrogate: z.string(),
    attack: z.string(),
    crafting_photos: z.int(),
    photos: z.int(),
    ...{ ratio: share, low: share, high: share, noise: share },
  }),
  draw(rows, { titleOf }) {
    const { steps, scale, at } = evenSteps(
      rows.map((row) => row.crafting_photos),
      (count) => (count === 0 ? 'no photo' : number(count)),
    );
    const recipes = [...Map.groupBy(rows, ({ surrogate, attack }) => `${titleOf(surrogate)}, ${attack}`)];
    const series = recipes.map(([name, rows]) => ({
      name,
      isMain: true,
      points: steps.flatMap((count) => {
        const of = rows.filter((row) => row.crafting_photos === count);
        if (of.length === 0) return [];
        const bounds = { low: mean(of.map(({ low }) => low)), high: mean(of.map(({ high }) => high)) };
        const y = mean(of.map(({ ratio }) => ratio));
        const from = count === 0 ? 'drawn pictures and no photo' : `${number(count)} photos`;
        const said = `${name}, crafted on ${from}: fools ${percent(y)} (${interval(bounds)}) of ${of[0].photos} photographs.`;
        return [{ x: at(count), y, ...bounds, said }];
      }),
    }));
    const noise = mean(rows.map((row) => row.noise));
    return [
      {
        isFooled: true,
        caption: `Fooling ratio on photographs that no perturbation was crafted from, against the number of photographs it was crafted from, with the same number of gradients each: ${list(recipes.map(([name]) => name))}. The steps of the scale are not even.`,
        keys: [
          { shape: 'value', text: 'fooling ratio in its 95 % interval' },
          { shape: 'line', text: 'noise of the same bound' },
        ],
        chart: {
          kind: 'lines',
          x: { ...scale, title: 'photographs it was crafted from' },
          y: { ...percents, title: '% fooled' },
          series,
          level: { at: noise, text: `noise ${percent(noise, 0)}` },
        },
      },
    ];
  },
});
