/** Which photos of a visitor craft, and which are held out. */
import { alike, fingerprintsOf, splitPhotos } from '#shared/photos';

/**
 * How many of names in hash order craft: as many as `splitPhotos` gives to that side, which is the beginning of this
 * order. Where that would leave a side with less than a quarter, as of a release's photos, which all stand on the other
 * side: half of them.
 */
export function craftingOf(names: readonly string[]): number {
  const { crafting, evaluation } = splitPhotos(names);
  const isEven = Math.min(crafting.length, evaluation.length) >= names.length / 4;
  return isEven ? crafting.length : Math.ceil(names.length / 2);
}

/**
 * Those behind the first `crafting` are held out, less those that look like one of the first: what a pattern was
 * crafted on would say how well it does on others.
 *
 * @param pixels Canvases [P,3,size,size], as many as names.
 * @returns Indices into `names`.
 */
export function divide(names: readonly string[], pixels: Uint8Array, size: number, crafting: number) {
  const prints = fingerprintsOf(pixels, size);
  const pairs = alike(prints.slice(crafting), prints.slice(0, crafting));
  const like = new Set(pairs.map(([index]) => crafting + index));
  const all = [...names.keys()];
  return {
    crafting: all.slice(0, crafting),
    heldOut: all.slice(crafting).filter((index) => !like.has(index)),
    alike: [...like].sort((a, b) => a - b),
  };
}
