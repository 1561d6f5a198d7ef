import { sha256Hex } from '#shared/release';

/** First name of its group, by file name; photos without a group are not in it. */
export type Groups = ReadonlyMap<string, string>;

export const halves = ['crafting', 'evaluation'] as const;
export type Half = (typeof halves)[number];

/**
 * Which photos craft and which evaluate: decided by the hash of each file's name alone, so that no photo ever changes
 * sides, whatever others are added. About half of them craft: those whose SHA-256 starts with a hexadecimal digit below
 * 8. Photos of one thing go where the first of their group goes: otherwise what a perturbation was crafted on would
 * evaluate it.
 *
 * @param names File names; of a path only its last part counts.
 * @returns Indices into `names`.
 */
export function splitPhotos(names: readonly string[], groups?: Groups): Record<Half, number[]> {
  const crafting: number[] = [];
  const evaluation: number[] = [];
  names.forEach((name, index) => {
    const first = groups?.get(name) ?? name.slice(name.lastIndexOf('/') + 1);
    (sha256Hex(first)[0] < '8' ? crafting : evaluation).push(index);
  });
  return { crafting, evaluation };
}

/** Names in an order that nobody chose: by the SHA-256 of each. */
export function inHashOrder(names: readonly string[]): string[] {
  return [...names]
    .map((name) => ({ name, hash: sha256Hex(name) }))
    .sort((a, b) => (a.hash < b.hash ? -1 : 1))
    .map(({ name }) => name);
}
