/** What a plate does, in two words: its title. */
import { z } from 'zod';
import type { Plate } from '../release.ts';
import { rowsOf } from '../rows.ts';

const concentration = z.object({
  ...{ perturbation: z.string(), target: z.string(), photos: z.int().min(1) },
  ...{ group: z.string(), group_before: z.int(), group_after: z.int() },
});

/** A group of classes, or a label, that photos become. */
export interface Becoming {
  name: string;
  /** Shares of all photos. */
  before: number;
  after: number;
  isGroup: boolean;
}

/** "Mostly dogs", "Often “wig”": by how many photos more than before are read as it. */
export function wordsFor({ name, before, after, isGroup }: Becoming): string {
  const more = after - before;
  const what = isGroup ? plural(name) : `“${name}”`;
  if (more >= 0.5) return `Mostly ${what}`;
  if (more >= 0.25) return isGroup ? `Many ${what}` : `Often ${what}`;
  return isGroup ? `Some ${what}` : `At times ${what}`;
}

/** "dogs", "sea creatures or other invertebrates". What has no plural is left as it is. */
function plural(name: string): string {
  return name.replaceAll(/\b(?!or\b|other\b|hoofed\b|sea\b|wild\b)\w+(?= or\b|,|$)/g, (word) => {
    if (word === 'wolf') return 'wolves';
    if (word === 'fox') return 'foxes';
    if (word === 'person') return 'people';
    if (word === 'fungus') return 'fungi';
    return word === 'fish' || word === 'food' ? word : `${word}s`;
  });
}

/** The names of the plates by id: what it does where that is known, else what it is. */
export async function plateWords(plates: readonly Plate[]): Promise<Map<string, string>> {
  const rows = z.array(concentration).safeParse(await rowsOf('concentration')).data ?? [];
  return new Map(plates.map((plate) => [plate.id, wordsOf(plate, rows)]));
}

function wordsOf(plate: Plate, rows: z.output<typeof concentration>[]): string {
  const [row] = plate.own;
  if (!row) return plate.entry.surrogates.length > 0 ? plate.title : 'A control';
  const group = rows.find(({ perturbation, target }) => perturbation === plate.id && target === row.target);
  const top = plate.record.dominant.find(({ target }) => target === row.target)?.labels[0];
  const label = top && { name: top.label, before: 0, after: top.photos / row.photos, isGroup: false };
  const becomes: Becoming[] = label ? [label] : [];
  if (group) {
    const { group: name, group_before, group_after, photos } = group;
    becomes.push({ name, before: group_before / photos, after: group_after / photos, isGroup: true });
  }
  // The larger of the two, where it is more than a few photos.
  const most = becomes.sort((a, b) => b.after - b.before - (a.after - a.before))[0];
  return most && most.after - most.before >= 0.1 ? wordsFor(most) : 'No label in particular';
}

/** "EfficientNet-Lite0", "SqueezeNet 1.1 and EfficientNet-Lite0", "no network". */
export const madeOn = ({ entry }: Plate, titleOf: (id: string) => string): string =>
  entry.surrogates.length > 0 ? entry.surrogates.map(titleOf).join(' and ') : 'no network';
