/**
 * What finds a class by what it is called: a folder's name, or what a photo is said to show.
 * @returns its index; null where two classes are called so, undefined where none is
 */
export function classFinder(labels: readonly string[]): (name: string) => number | null | undefined {
  const byLabel = new Map<string, number | null>();
  const add = (key: string, index: number) => {
    // A label that two classes have tells nothing: ImageNet has two of "crane" and "maillot".
    byLabel.set(key, byLabel.has(key) && byLabel.get(key) !== index ? null : index);
  };
  for (const [index, label] of labels.entries()) add(plain(label), index);
  // "tench, Tinca tinca" is "tench" as well, where no other class is.
  const whole = new Set(byLabel.keys());
  for (const [index, label] of labels.entries()) {
    const [first, ...synonyms] = label.split(',').map(plain);
    if (synonyms.length > 0 && !whole.has(first)) add(first, index);
  }
  return (name) => byLabel.get(plain(name));
}

/** "Great_White-Shark" is the folder of "great white shark". */
const plain = (label: string) =>
  label
    .toLowerCase()
    .replace(/[\s_-]+/g, ' ')
    .trim();
