/**
 * Coarse groups of the 1,000 classes of ILSVRC-2012. The classes are in the order of their WordNet ids, in which
 * relatives stand together: each group is where it begins, and reaches to the next one. O. Russakovsky et al.,
 * "ImageNet Large Scale Visual Recognition Challenge", IJCV 2015; the names are those of WordNet's hypernyms.
 */
const begins: readonly (readonly [from: number, group: string])[] = [
  [0, 'fish'],
  [7, 'bird'],
  [25, 'amphibian'],
  [33, 'reptile'],
  [69, 'arachnid or other arthropod'],
  [80, 'bird'],
  [101, 'other mammal'],
  [107, 'sea creature or other invertebrate'],
  [127, 'bird'],
  [147, 'other mammal'],
  [151, 'dog'],
  [269, 'wolf, fox or wild dog'],
  [281, 'cat'],
  [294, 'bear'],
  [298, 'other mammal'],
  [300, 'insect'],
  [327, 'sea creature or other invertebrate'],
  [330, 'other mammal'],
  [339, 'hoofed animal'],
  [356, 'other mammal'],
  [365, 'primate'],
  [385, 'other mammal'],
  [389, 'fish'],
  [398, 'artefact'],
  [923, 'food'],
  [970, 'landscape'],
  [981, 'person'],
  [984, 'plant'],
  [991, 'fungus'],
  [998, 'other thing'],
];

const classes = 1000;

/**
 * The group of each class of a model, by index.
 * @param wnids WordNet id by class index.
 * @returns null where these are not the 1,000 classes in their usual order.
 */
export function imageNetGroups(wnids: readonly (string | null)[]): string[] | null {
  const isUsual =
    wnids.length === classes &&
    wnids[0] === 'n01440764' &&
    wnids.every((wnid, i) => wnid !== null && (i === 0 || (wnids[i - 1] as string) < wnid));
  if (!isUsual) return null;
  return wnids.map((_, index) => (begins.findLast(([from]) => from <= index) as (typeof begins)[number])[1]);
}
