import { z } from 'zod';
import { summariseControls } from '#shared/metrics';
import { percent } from '../../format.ts';
import { type Atlas, plateUrl } from '../../release.ts';
import { figure, share, whole } from '../figure.ts';
import { type Mark, percents } from '../kinds.ts';

const row = z.object({
  ...{ perturbation: z.string(), target: z.string(), control: z.enum(['noise', 'blocks', 'phase-twin']) },
  ...{ seed: whole, photos: z.int(), fooled: z.int(), ratio: share, low: share, high: share },
  ...{ only_perturbation: z.int(), only_control: z.int(), p: z.number() },
});
type Row = z.output<typeof row>;
const shapes = { noise: 'ring', blocks: 'square', 'phase-twin': 'diamond' } as const;

/** Every crafted plate on every network, with what its controls come to. */
const heldOf = (rows: Row[], { plates }: Atlas) =>
  plates.flatMap((plate) =>
    plate.record.fooling.evaluation.flatMap((measured) => {
      const controls = rows.filter(
        ({ perturbation, target }) => perturbation === plate.id && target === measured.target,
      );
      const summary = summariseControls(controls);
      const isOwn = plate.entry.surrogates.includes(measured.target);
      return summary && plate.entry.surrogates.length > 0 ? [{ plate, measured, controls, summary, isOwn }] : [];
    }),
  );

/** Perturbations beside patterns of the same size that nothing was crafted into. */
export const controls = figure({
  table: 'controls',
  row,
  says(rows, atlas) {
    const held = heldOf(rows, atlas);
    const beat = (isOwn: boolean) => {
      const of = held.filter((one) => one.isOwn === isOwn);
      return `${of.filter(({ summary }) => summary.beatsAll).length} of ${of.length}`;
    };
    return held.length === 0
      ? ''
      : `On the network that a plate was crafted on, ${beat(true)} ratios are higher than that of every pattern of the same size that nothing was crafted into, by paired tests at 5 %; carried over to other networks, ${beat(false)}.`;
  },
  draw(rows, atlas) {
    const groups = Map.groupBy(heldOf(rows, atlas), ({ measured, isOwn }) => (isOwn ? measured.target : null));
    groups.delete(null);
    return [
      {
        isFooled: true,
        caption: 'Each plate on the network that it was crafted on, beside its controls.',
        keys: [
          { shape: 'value', text: 'the plate, in its 95 % interval' },
          { shape: 'ring', text: 'noise' },
          { shape: 'square', text: 'signs in blocks of 4 x 4 pixels' },
          { shape: 'diamond', text: 'the plate with its phases shuffled' },
        ],
        chart: {
          kind: 'dots',
          scale: percents,
          groups: [...groups].map(([target, of]) => ({
            title: atlas.titleOf(target!),
            rows: of.map(({ plate, measured: { ratio, low, high }, controls, summary }) => ({
              name: `Plate ${plate.number}`,
              href: plateUrl(plate.id),
              ...{ value: ratio, low, high, text: percent(ratio, 0) },
              marks: controls.map(({ control, ratio: at }): Mark => ({ shape: shapes[control], at })),
              said: `Plate ${plate.number} on ${atlas.titleOf(target!)}: ${percent(ratio)}. Its strongest control, ${summary.strongest.control.replace('-', ' ')}: ${percent(summary.strongest.ratio)}${summary.beatsAll ? '' : ', not beaten'}.`,
            })),
          })),
        },
      },
    ];
  },
});
