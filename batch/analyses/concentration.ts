/**
 * Concentration: how few labels all photos end in, with the perturbation, with noise of the same bound, and as they
 * are; and the kind of thing that most of them become. S.-M. Moosavi-Dezfooli et al., arXiv 1610.08401, section 3.3.
 */
import { entropy, imageNetGroups } from '#shared/metrics';
import { common } from './columns.ts';
import { finding } from './finding.ts';
import { cellsOf, gridOf } from './grid.ts';

import { percent, withArticle } from './words.ts';

/** Of the commonest labels the share of photos is told. */
const few = 5;

export interface ConcentrationRow {
  perturbation: string;
  target: string;
  photos: number;
  entropy_before: number;
  entropy_after: number;
  entropy_noise: number;
  top5_before: number;
  top5_after: number;
  top5_noise: number;
  group: string | null;
  group_before: number | null;
  group_after: number | null;
  group_noise: number | null;
}

const countsOf = <Value>(values: Iterable<Value>): Map<Value, number> => {
  const counts = new Map<Value, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
};

/** Entropy of labels in bits, and the share of photos that the five commonest have. */
export function concentrationOf(labels: Iterable<number>): { bits: number; top: number } {
  const counts = [...countsOf(labels).values()].sort((a, b) => b - a);
  const all = counts.reduce((sum, count) => sum + count, 0);
  return { bits: entropy(counts), top: counts.slice(0, few).reduce((sum, count) => sum + count, 0) / all };
}

/** The group that grows most from before to after, of equals the first by name; null where none does. */
export function growingGroup(
  groups: readonly string[],
  { before, after, noise }: Record<'before' | 'after' | 'noise', Iterable<number>>,
): { group: string; before: number; after: number; noise: number } | null {
  const count = (labels: Iterable<number>) => countsOf(Array.from(labels, (label) => groups[label]));
  const [of, then, ofNoise] = [count(before), count(after), count(noise)];
  const grown = [...then.keys()]
    .map((group) => ({ group, by: (then.get(group) ?? 0) - (of.get(group) ?? 0) }))
    .sort((a, b) => b.by - a.by || (a.group < b.group ? -1 : 1))[0];
  if (!grown || grown.by <= 0) return null;
  const { group } = grown;
  return { group, before: of.get(group) ?? 0, after: then.get(group) ?? 0, noise: ofNoise.get(group) ?? 0 };
}

const bits = (name: keyof ConcentrationRow, when: string) =>
  ({ name, type: 'DOUBLE', description: `Entropy of the labels of all photos ${when}, in bits` }) as const;
const top = (name: keyof ConcentrationRow, when: string) =>
  ({
    name,
    type: 'DOUBLE',
    description: `Share of all photos that have one of the five commonest labels ${when}`,
  }) as const;
const inGroup = (name: keyof ConcentrationRow, when: string) =>
  ({ name, type: 'INT32', nullable: true, description: `Photos labelled as one of that group ${when}` }) as const;

export const concentration = finding({
  name: 'concentration',
  title: 'How few labels all evaluation photos end in',
  source: import.meta.url,
  byDefault: false,
  columns: [
    common.perturbation,
    common.predicts,
    common.photos,
    bits('entropy_before', 'as they are'),
    bits('entropy_after', 'with the perturbation'),
    bits('entropy_noise', 'with noise of the same bound'),
    top('top5_before', 'as they are'),
    top('top5_after', 'with the perturbation'),
    top('top5_noise', 'with noise of the same bound'),
    {
      name: 'group',
      type: 'STRING',
      nullable: true,
      description: 'Coarse group of ImageNet classes that most photos go over to; null for other classes',
    },
    inGroup('group_before', 'as they are'),
    inGroup('group_after', 'with the perturbation'),
    inGroup('group_noise', 'with noise of the same bound'),
  ],
  needs: gridOf,
  async rows(grid) {
    const rows: ConcentrationRow[] = [];
    for await (const { perturbation, target, clean, perturbed, noise } of cellsOf(grid)) {
      const groups = imageNetGroups(target.wnids?.some((wnid) => wnid) ? target.wnids : grid.classes);
      const labels = { before: clean.labels, after: perturbed.labels, noise: noise.labels };
      const grown = groups && growingGroup(groups, labels);
      const [before, after, ofNoise] = [clean, perturbed, noise].map((one) => concentrationOf(one.labels));
      rows.push({
        ...{ perturbation: perturbation.id, target: target.id, photos: clean.labels.length },
        ...{ entropy_before: before.bits, entropy_after: after.bits, entropy_noise: ofNoise.bits },
        ...{ top5_before: before.top, top5_after: after.top, top5_noise: ofNoise.top },
        ...{ group: grown?.group ?? null, group_before: grown?.before ?? null },
        ...{ group_after: grown?.after ?? null, group_noise: grown?.noise ?? null },
      });
    }
    return rows;
  },
  says(rows) {
    const most = rows.reduce((best, row) => (row.top5_after > best.top5_after ? row : best));
    const labels = `With ${most.perturbation} five labels take ${percent(most.top5_after)} of all photos on ${most.target}, ${percent(most.top5_before)} before.`;
    const grown = ({ group_before, group_after }: ConcentrationRow) => (group_after ?? 0) - (group_before ?? 0);
    const into = rows.reduce((best, row) => (grown(row) > grown(best) ? row : best));
    if (into.group === null) return labels;
    const read = `${into.group_after} of ${into.photos} photos are read as ${withArticle(into.group)}, ${into.group_before} before`;
    return `${labels} With ${into.perturbation} on ${into.target} ${read}.`;
  },
});
