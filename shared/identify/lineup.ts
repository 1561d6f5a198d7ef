import { type Pattern, Search, type Shift } from './search.ts';
import { chanceOfLargest } from './significance.ts';

/** The chance of a false name on one picture, whatever the number of perturbations and shifts that are tried. */
export const NAMED_BELOW = 1e-6;

/** How far perturbations are looked for where nobody says, in pixels. */
export const REACH = 16;

/** How well a perturbation fits a canvas. */
export interface Match {
  id: string;
  /** Whether it is the one that is on the canvas: of those tried it fits best, and `p` is below `NAMED_BELOW`. */
  named: boolean;
  /** Multiples of the perturbation as it is stored; negative where its sign is flipped. */
  strength: number;
  /** Standard error of the strength. */
  error: number;
  shift: Shift;
  /** The correlation at that shift, in standard deviations of what clean pictures give. */
  z: number;
  /**
   * The chance that the best of all perturbations and shifts tried fits a clean picture so well. 1e-300 stands for
   * anything smaller.
   */
  p: number;
}

/** Perturbations that are tried on one canvas, one after the other; only the best are kept in memory. */
export class Lineup {
  readonly #size: number;
  readonly #search: Search;
  readonly #top: number;
  readonly #best: { id: string; pattern: Pattern; z: number; shift: Shift }[] = [];
  #tried = 0;

  /**
   * @param canvas [3,size,size], RGB, 0..255
   * @param top how many of the best matches are told
   */
  constructor(canvas: ArrayLike<number>, size: number, { reach = REACH, top = 3 } = {}) {
    this.#size = size;
    this.#search = new Search(canvas, size, reach);
    this.#top = top;
  }

  /** @throws RangeError for a perturbation of another size than the canvas */
  try(id: string, pattern: Pattern): void {
    if (pattern.size !== this.#size)
      throw new RangeError(`"${id}" is for a canvas of ${pattern.size} pixels, and this one has ${this.#size}.`);
    this.#tried++;
    this.#best.push({ id, pattern, ...this.#search.find(pattern) });
    this.#best.sort((a, b) => Math.abs(b.z) - Math.abs(a.z));
    if (this.#best.length > this.#top) this.#best.pop();
  }

  /** The best, best first. At most the first of them is named: others may fit only because they are like it. */
  matches(): Match[] {
    const trials = this.#tried * this.#search.shifts;
    return this.#best.map(({ id, pattern, z, shift }, place) => {
      const p = chanceOfLargest(z, trials);
      return { id, named: place === 0 && p < NAMED_BELOW, ...this.#search.fit(pattern, shift), shift, z, p };
    });
  }
}
