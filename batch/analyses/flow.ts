/**
 * Flow: from which label to which the photos go, all of them, those that keep their label too. Labels are the nodes of
 * a graph, and each row is one of its edges. S.-M. Moosavi-Dezfooli et al., arXiv 1610.08401, section 3.3, draw this
 * graph and find a few dominant labels.
 */
import { labelOf } from '#shared/metrics';
import { common } from './columns.ts';
import { finding } from './finding.ts';
import { cellsOf, gridOf } from './grid.ts';

export interface FlowRow {
  perturbation: string;
  target: string;
  from: number;
  from_label: string;
  to: number;
  to_label: string;
  photos: number;
}

/** Edges with the number of photos on each: most photos first, then by class index. */
export function edgesOf(
  from: ArrayLike<number>,
  to: ArrayLike<number>,
): { from: number; to: number; photos: number }[] {
  const counts = new Map<string, { from: number; to: number; photos: number }>();
  for (let i = 0; i < from.length; i++) {
    const edge = counts.get(`${from[i]} ${to[i]}`) ?? { from: from[i], to: to[i], photos: 0 };
    edge.photos++;
    counts.set(`${from[i]} ${to[i]}`, edge);
  }
  return [...counts.values()].sort((a, b) => b.photos - a.photos || a.from - b.from || a.to - b.to);
}

export const flow = finding({
  name: 'flow',
  title: 'From which label to which all evaluation photos go',
  source: import.meta.url,
  byDefault: false,
  columns: [
    common.perturbation,
    common.predicts,
    { name: 'from', type: 'INT32', description: 'Class index without the perturbation' },
    { name: 'from_label', type: 'STRING', description: 'Its label' },
    { name: 'to', type: 'INT32', description: 'Class index with it; the same for photos that are not fooled' },
    { name: 'to_label', type: 'STRING', description: 'Its label' },
    { name: 'photos', type: 'INT32', description: 'Evaluation photos that go this way' },
  ],
  needs: gridOf,
  async rows(grid) {
    const rows: FlowRow[] = [];
    for await (const { perturbation, target, clean, perturbed } of cellsOf(grid)) {
      for (const { from, to, photos } of edgesOf(clean.labels, perturbed.labels)) {
        const labels = { from_label: labelOf(target.labels, from), to_label: labelOf(target.labels, to) };
        rows.push({ perturbation: perturbation.id, target: target.id, from, to, ...labels, photos });
      }
    }
    return rows;
  },
});
