/** What photographs became, as groups of tiles. */
import { isTampered } from '../lab/tampered.ts';
import type { WallReadings } from './data.ts';

export interface Tile {
  /** Place among the photos of the wall. */
  photo: number;
  before: string;
  after: string;
  fooled: boolean;
  /** What it is read as with the pattern: a kind of thing where kinds are known, else the label. */
  kind: string;
}

export interface Group {
  kind: string;
  tiles: Tile[];
  /** Photos that were read as this without the pattern. */
  before: number;
}

/** Every photo as a network reads it without and with a perturbation; null where that was not measured. */
export function tilesOf(
  { labels, clean, perturbed }: WallReadings,
  model: string,
  perturbation: string,
): Tile[] | null {
  const [before, after] = [clean[model], perturbed[model]?.[perturbation]];
  if (!before || !after) return null;
  return before.map((place, photo) => ({
    photo,
    before: labels[place][1],
    after: labels[after[photo]][1],
    fooled: labels[place][0] !== labels[after[photo]][0] && !isTampered({ label: labels[after[photo]][1] }),
    kind: labels[after[photo]][2] ?? labels[after[photo]][1],
  }));
}

/** What photos are that are like no other one. */
export const alone = 'each something else';

/** The largest group first, and those that are like no other together at the end; of equals the first by name. */
export function groupsOf(readings: WallReadings, tiles: readonly Tile[], model: string): Group[] {
  const kindOf = (place: number) => readings.labels[place][2] ?? readings.labels[place][1];
  const before = Map.groupBy(readings.clean[model], kindOf);
  const groups = [...Map.groupBy(tiles, ({ kind }) => kind)]
    .map(([kind, members]) => ({ kind, tiles: members, before: before.get(kind)?.length ?? 0 }))
    .sort((a, b) => b.tiles.length - a.tiles.length || (a.kind < b.kind ? -1 : 1));
  const single = groups.filter((group) => group.tiles.length === 1);
  if (single.length < 2) return groups;
  return [
    ...groups.filter((group) => group.tiles.length > 1),
    { kind: alone, tiles: single.flatMap((group) => group.tiles), before: 0 },
  ];
}

/** The group that has grown most; null where none has by two photos. */
export function grownOf(groups: readonly Group[]): Group | null {
  const growth = ({ kind, tiles, before }: Group) => (kind === alone ? 0 : tiles.length - before);
  const grown = groups.toSorted((a, b) => growth(b) - growth(a))[0];
  return grown && growth(grown) >= 2 ? grown : null;
}

/** "a dog", "an artefact", "another mammal"; a kind that names several things is as it is. */
export function withArticle(kind: string): string {
  if (/ or /.test(kind) || kind === 'fish' || kind === 'food') return kind;
  if (kind.startsWith('other ')) return `an${kind}`;
  return `${/^[aeiou]/i.test(kind) ? 'an' : 'a'} ${kind}`;
}

/** What stands above a group. */
export const headingOf = ({ kind, tiles, before }: Group) =>
  kind === alone ? `${kind}: ${tiles.length}` : `${withArticle(kind)}: ${tiles.length}, ${before} before`;

/** What the pattern does to all photographs, in two sentences at most. */
export function sentenceOf(tiles: readonly Tile[], groups: readonly Group[]): string {
  const changed = `${tiles.filter(({ fooled }) => fooled).length} of ${tiles.length} photographs change their label.`;
  const grown = grownOf(groups);
  if (!grown) return changed;
  return `${grown.tiles.length} of ${tiles.length} become ${withArticle(grown.kind)}, where ${grown.before || 'none'} ${grown.before === 1 ? 'was' : 'were'} before. ${changed}`;
}
