import type { Measurement } from './measure.ts';

/**
 * The labels that photos most often become: of the photos whose label changed, how many took each new one. Most
 * frequent first, of equally frequent ones the lower index.
 */
export function dominantLabels(
  clean: Pick<Measurement, 'labels'>,
  perturbed: Pick<Measurement, 'labels'>,
  most = 5,
): { index: number; photos: number }[] {
  const counts = new Map<number, number>();
  perturbed.labels.forEach((label, i) => {
    if (label !== clean.labels[i]) counts.set(label, (counts.get(label) ?? 0) + 1);
  });
  return [...counts]
    .map(([index, photos]) => ({ index, photos }))
    .sort((a, b) => b.photos - a.photos || a.index - b.index)
    .slice(0, most);
}
