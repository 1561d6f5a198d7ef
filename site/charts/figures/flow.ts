import { z } from 'zod';
import { list } from '../../format.ts';
import type { Atlas } from '../../release.ts';
import { figure, isOwn, plateName } from '../figure.ts';
import type { Drawing, Flow } from '../kinds.ts';

/** Labels that get a band of their own, on either side. */
const NAMED = 6;

export const flowRow = z.object({
  ...{ perturbation: z.string(), target: z.string(), photos: z.int() },
  ...{ from: z.int(), from_label: z.string(), to: z.int(), to_label: z.string() },
});
export type FlowRow = z.output<typeof flowRow>;

/** The commonest labels of one side, by their class. */
function commonest(edges: readonly (readonly [index: number, label: string, photos: number])[]) {
  const counts = new Map<number, { index: number; label: string; photos: number }>();
  for (const [index, label, photos] of edges) {
    const one = counts.get(index) ?? { index, label, photos: 0 };
    one.photos += photos;
    counts.set(index, one);
  }
  return [...counts.values()].sort((a, b) => b.photos - a.photos || a.index - b.index);
}

const before = (rows: FlowRow[]) => commonest(rows.map(({ from, from_label, photos }) => [from, from_label, photos]));
const after = (rows: FlowRow[]) => commonest(rows.map(({ to, to_label, photos }) => [to, to_label, photos]));

/** How photos go over from label to label, with the rarer labels of both sides taken together. */
export function flowOf(rows: FlowRow[]): Flow {
  const total = rows.reduce((sum, { photos }) => sum + photos, 0);
  const side = (all: ReturnType<typeof commonest>) => {
    const named = all.filter(({ photos }) => photos > 1).slice(0, NAMED);
    const rest = total - named.reduce((sum, { photos }) => sum + photos, 0);
    const places = new Map(named.map(({ index }, i) => [index, i]));
    const nodes = named.map(({ label, photos }) => ({ name: label, count: photos }));
    if (rest > 0) nodes.push({ name: 'all other labels', count: rest });
    return { nodes, placeOf: (index: number) => places.get(index) ?? named.length };
  };
  const [left, right] = [side(before(rows)), side(after(rows))];
  const merged = new Map<string, Omit<Flow['bands'][number], 'said'>>();
  for (const row of rows) {
    const [from, to, isChanged] = [left.placeOf(row.from), right.placeOf(row.to), row.from !== row.to];
    const key = [from, to, isChanged].join();
    const band = merged.get(key) ?? { from, to, isChanged, count: 0 };
    band.count += row.photos;
    merged.set(key, band);
  }
  const bands = [...merged.values()]
    .sort((a, b) => a.from - b.from || a.to - b.to)
    .map((band) => {
      const [from, to] = [left.nodes[band.from].name, right.nodes[band.to].name];
      return { ...band, said: `${band.count} of ${total}: ${band.isChanged ? `${from} to ${to}` : `${from}, kept`}.` };
    });
  return { kind: 'flow', total, before: left.nodes, after: right.nodes, bands };
}

/** How many photos the five commonest labels have after, of a pair of perturbation and network. */
const inFive = (rows: FlowRow[]) =>
  after(rows)
    .slice(0, 5)
    .reduce((sum, { photos }) => sum + photos, 0);

/** The pair of a plate and the network it was crafted on that leads most photos to five labels; any pair, else. */
function strongest(rows: FlowRow[], atlas: Atlas): FlowRow[] {
  const pairs = [...Map.groupBy(rows, ({ perturbation, target }) => `${perturbation} ${target}`).values()];
  const own = pairs.filter(([{ perturbation, target }]) => isOwn(atlas, perturbation, target));
  return (own.length > 0 ? own : pairs).reduce((most, pair) => (inFive(pair) > inFive(most) ? pair : most), []);
}

export const flowDrawing = (rows: FlowRow[], name: string): Drawing => ({
  isFooled: true,
  caption: `${name}: the labels of all ${rows.reduce((sum, { photos }) => sum + photos, 0)} evaluation photographs before, to the left, and after, to the right.`,
  keys: [],
  chart: flowOf(rows),
});

/** Where photos go: from which labels to which. */
export const flow = figure({
  table: 'flow',
  others: ['dominance'],
  row: flowRow,
  says(rows, atlas) {
    const most = strongest(rows, atlas);
    if (most.length === 0) return '';
    const [{ perturbation, target }] = most;
    const five = after(most).slice(0, 5);
    const had = before(most)
      .filter(({ index }) => five.some((one) => one.index === index))
      .reduce((sum, { photos }) => sum + photos, 0);
    const total = most.reduce((sum, { photos }) => sum + photos, 0);
    return `${plateName(atlas, perturbation)} leads ${inFive(most)} of ${total} photographs on ${atlas.titleOf(target)} to five labels (${list(five.map(({ label }) => label))}), which ${had} had before.`;
  },
  draw(rows, atlas) {
    const most = strongest(rows, atlas);
    return most.length === 0
      ? []
      : [flowDrawing(most, `${plateName(atlas, most[0].perturbation)} on ${atlas.titleOf(most[0].target)}`)];
  },
});
