import { z } from 'zod';
import { percent } from '../../format.ts';
import type { Atlas } from '../../release.ts';
import { figure, share } from '../figure.ts';
import { type Drawing, type Key, type Lines, percents } from '../kinds.ts';

const row = z.object({
  ...{ model: z.string(), source: z.string(), learnt: z.boolean(), method: z.string() },
  ...{ photos: z.int(), clean: z.int(), false_alarms: share, detected: share },
});
type Row = z.output<typeof row>;

/** By what a picture is judged, in the order of the key; the first is what the network answers by. */
const methods: Record<string, { shape: Exclude<Key['shape'], 'line'>; name: string }> = {
  class: { shape: 'value', name: 'the class of the hardened network' },
  softmax: { shape: 'ring', name: 'the plain network’s largest probability' },
  energy: { shape: 'square', name: 'the energy of its answers' },
  spectrum: { shape: 'diamond', name: 'the frequencies of the picture' },
};

/** What hardened networks catch, against how many clean photos they flag: a curve for each way to judge. */
export const roc = figure({
  table: 'roc',
  row,
  draw: (rows, atlas) => [...Map.groupBy(rows, ({ model }) => model).values()].map((of) => curvesOf(of, atlas)),
});

function curvesOf(rows: readonly Row[], { titleOf }: Pick<Atlas, 'titleOf'>): Drawing {
  // All together: what was held out, or what there is where nothing was.
  const all = ['all held out', 'all learnt'].find((source) => rows.some((one) => one.source === source));
  const shown = rows.filter(({ source }) => source === (all ?? rows[0].source));
  const [{ model, learnt, photos, clean }] = shown;
  const drawn = Object.entries(methods).filter(([name]) => shown.some(({ method }) => method === name));
  return {
    isFooled: false,
    caption: `${titleOf(model)}: the share of photographs with ${learnt ? 'the perturbations that it learnt from' : 'perturbations that it never saw'} (${photos} of them) that is held to be tampered with, against the share of ${clean} clean photographs that is, as the threshold goes from strict to loose. Chance would rise as both do; the steps of the lower scale are not even.`,
    keys: drawn.map(([, { shape, name }]) => ({ shape, text: name })),
    chart: {
      kind: 'lines',
      x: { ...rootScale, title: '% of clean photographs flagged' },
      y: { ...percents, title: '% of perturbed ones caught' },
      series: drawn.map(([method, { shape, name }], i): Lines['series'][number] => ({
        ...{ name, isMain: i === 0, shape },
        points: shown
          .filter((one) => one.method === method)
          .sort((a, b) => a.false_alarms - b.false_alarms || a.detected - b.detected)
          .map(({ false_alarms, detected }) => ({
            ...{ x: Math.sqrt(false_alarms), y: detected },
            said: `By ${name}: ${percent(detected)} caught where ${percent(false_alarms)} of clean photographs are flagged.`,
          })),
      })),
    },
  };
}

/** Roots: what matters lies where few are flagged. */
const rootScale = {
  ...{ from: 0, to: 1 },
  ticks: [0, 0.01, 0.05, 0.2, 0.5, 1].map((at) => ({ at: Math.sqrt(at), text: `${at * 100}` })),
};
