/** What the gallery can be narrowed down and ordered by. */
import { bound } from '../format.ts';
import type { Plate } from '../release.ts';

/** The name of a class, as far as the plate leads photographs to it; its number, else. */
const labelOf = ({ dominant }: Plate['record'], index: number) =>
  dominant.flatMap(({ labels }) => labels).find((one) => one.index === index)?.label ?? String(index);

export interface Facet {
  name: string;
  title: string;
  options: { value: string; text: string; count: number }[];
}

/** The values of a plate by facet; those of several networks have several. */
export function valuesOf({ entry, record }: Plate): Record<string, string[]> {
  const target = record.settings.target;
  return {
    network: entry.surrogates,
    attack: [entry.attack],
    norm: [entry.norm],
    bound: [bound(entry)],
    photos: entry.surrogates.length === 0 ? [] : [record.crafting.photos > 0 ? 'photos' : 'none'],
    target: typeof target === 'number' ? [labelOf(record, target)] : [],
  };
}

const titles: Record<string, string> = {
  network: 'made on',
  attack: 'attack',
  norm: 'norm',
  bound: 'bound',
  photos: 'from',
  target: 'towards',
};

/** Facets that part the plates: with several values, or with one that some lack. */
export function facetsOf(plates: readonly Plate[], titleOf: (id: string) => string): Facet[] {
  const values = plates.map(valuesOf);
  const words = (name: string, value: string) =>
    name === 'network'
      ? titleOf(value)
      : name === 'norm'
        ? `l-${value}`
        : name === 'photos'
          ? value === 'none'
            ? 'no photographs'
            : 'photographs'
          : value;
  return Object.entries(titles).flatMap(([name, title]) => {
    const counts = new Map<string, number>();
    for (const value of values.flatMap((one) => one[name])) counts.set(value, (counts.get(value) ?? 0) + 1);
    const parts = counts.size > 1 || (counts.size === 1 && [...counts.values()][0] < plates.length);
    const options = [...counts].map(([value, count]) => ({ value, text: words(name, value), count }));
    return parts ? [{ name, title, options }] : [];
  });
}

/** What plates are ordered by: mean ratio on the networks it was made on (a control's on all), and that less noise. */
export function measuresOf({ own, record }: Plate) {
  const rows = own.length > 0 ? own : record.fooling.evaluation;
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
  return { fooling: mean(rows.map(({ ratio }) => ratio)), less: mean(rows.map(({ ratio, noise }) => ratio - noise)) };
}
