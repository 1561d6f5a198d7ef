import { z } from 'zod';
import { number, percent } from '../../format.ts';
import { figure, mean, plateName, share } from '../figure.ts';
import { type Drawing, percents } from '../kinds.ts';

const row = z.object({
  perturbation: z.string(),
  target: z.string(),
  variant: z.string(),
  amount: z.number().nullish(),
  ratio: share,
});
type Row = z.output<typeof row>;

/** How strong a perturbation has to be, and which of its properties it needs. */
export const strength = figure({
  table: 'strength',
  row,
  draw(rows, atlas) {
    const scaled = rows.filter(({ variant, amount }) => variant === 'scaled' && (amount ?? 0) > 0);
    const { titleOf } = atlas;
    const nameOf = ({ perturbation, target }: Row) => `${plateName(atlas, perturbation)} on ${titleOf(target)}`;
    const pairs = [...Map.groupBy(scaled, nameOf)];
    const amounts = [...new Set(scaled.map(({ amount }) => amount!))].sort((a, b) => a - b);
    const means = amounts.map((x) => {
      const y = mean(scaled.filter(({ amount }) => amount === x).map(({ ratio }) => ratio));
      return { x, y, said: `On average at ${number(x, 2)} times the strength: ${percent(y)}.` };
    });
    const curves: Drawing = {
      isFooled: true,
      caption: 'Fooling ratio on the network that each was crafted on, from a quarter to twice its strength.',
      keys: [
        { shape: 'value', text: `mean of ${pairs.length}` },
        { shape: 'line', text: 'each of them' },
      ],
      chart: {
        kind: 'lines',
        x: {
          ...{ from: 0, to: Math.max(1, ...amounts), title: 'times as strong' },
          ticks: [0, ...amounts].map((at) => ({ at, text: number(at, 2) })),
        },
        y: { ...percents, title: '% fooled' },
        series: [
          ...pairs.map(([name, of]) => ({
            name,
            isMain: false,
            points: of
              .sort((a, b) => a.amount! - b.amount!)
              .map(({ amount, ratio }) => ({
                x: amount!,
                y: ratio,
                said: `${name} at ${number(amount!, 2)} times the strength: ${percent(ratio)}.`,
              })),
          })),
          { name: 'mean', isMain: true, points: means },
        ],
      },
    };
    const others = Map.groupBy(
      rows.filter((one) => !scaled.includes(one) || one.amount === 1),
      wordsOf,
    );
    const dots = [...others].map(([name, of]) => {
      const ratios = of.map(({ ratio }) => ratio);
      const [value, low, high] = [mean(ratios), Math.min(...ratios), Math.max(...ratios)];
      const said = `${name}: ${percent(value)} on average over ${of.length}, from ${percent(low)} to ${percent(high)}.`;
      return { name, value, low, high, text: percent(value, 0), said };
    });
    const whatMatters: Drawing = {
      isFooled: true,
      caption: 'The same with one property of the pattern kept or taken away, at full strength.',
      keys: [{ shape: 'value', text: 'mean fooling ratio, from the lowest to the highest' }],
      chart: { kind: 'dots', scale: percents, groups: [{ rows: dots.sort((a, b) => b.value - a.value) }] },
    };
    return [...(scaled.length > 0 ? [curves] : []), ...(dots.length > 0 ? [whatMatters] : [])];
  },
});

function wordsOf({ variant, amount }: Row): string {
  switch (variant) {
    case 'scaled':
      return amount === -1 ? 'with its sign flipped' : amount === 1 ? 'as it is' : `times ${number(amount ?? 0, 2)}`;
    case 'moved':
      return `moved by ${amount} ${amount === 1 ? 'pixel' : 'pixels'}`;
    case 'low':
      return `only waves of up to ${amount} cycles`;
    case 'high':
      return `only waves above ${amount} cycles`;
    case 'rotated':
      return 'rotated by 90 degrees';
    case 'phase-twin':
      return 'its spectrum with other phases';
    case 'shuffled':
      return 'its pixels shuffled';
    case 'gaussian':
      return 'Gaussian noise of its length';
    case 'signs':
      return 'sign noise of its bound';
    default:
      return amount === null || amount === undefined ? variant : `${variant} ${amount}`;
  }
}
