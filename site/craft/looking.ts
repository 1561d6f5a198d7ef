/** Looks at photos while a pattern grows: how many of those that are held out it fools by now. */
import type { Compute } from '#shared/compute';
import type { Share } from '#shared/release';
import { foolingOf, type Network, readingsOf } from './networks.ts';
import type { CraftPhotos } from './photos.ts';
import type { Reading, Shown } from './protocol.ts';

/** Held-out photos that are looked at; the first of them are shown. */
const LOOKED_AT = 16;
const SHOWN = { heldOut: 8, crafting: 4 };
/** Looking takes at most this share of the time. */
const SHARE = 0.15;

export class Looking {
  /** Milliseconds that went into it. */
  spent = 0;
  readonly #compute: Compute;
  readonly #network: Network;
  readonly #photos: CraftPhotos;
  readonly #heldOut: number[];
  readonly #crafting: number[];
  readonly #began = performance.now();
  #before: Reading[] | null = null;

  constructor(compute: Compute, network: Network, photos: CraftPhotos) {
    this.#compute = compute;
    this.#network = network;
    this.#photos = photos;
    this.#heldOut = photos.heldOut.slice(0, LOOKED_AT);
    this.#crafting = photos.crafting.slice(0, SHOWN.crafting);
  }

  get isDue(): boolean {
    return this.spent <= SHARE * (performance.now() - this.#began);
  }

  /** The photos to show, and what is read in them as they are. */
  async begin(): Promise<Shown[]> {
    this.#before = await this.#readings(null);
    const { names, pixels, size } = this.#photos;
    const length = 3 * size * size;
    return this.#shown(this.#before).map(({ photo, reading }) => ({
      name: names[photo],
      crafts: this.#crafting.includes(photo),
      canvas: pixels.slice(photo * length, (photo + 1) * length),
      before: reading,
    }));
  }

  async look(v: Float32Array): Promise<{ heldOut: Share | null; shown: Reading[] }> {
    const since = performance.now();
    const before = this.#before ?? (await this.#readings(null));
    const after = await this.#readings(v);
    this.spent += performance.now() - since;
    const count = this.#heldOut.length;
    return {
      heldOut: count === 0 ? null : foolingOf(before.slice(0, count), after.slice(0, count), this.#network.tampered),
      shown: this.#shown(after).map(({ reading }) => reading),
    };
  }

  /** Held-out photos come first. */
  #readings(v: Float32Array | null): Promise<Reading[]> {
    const indices = [...this.#heldOut, ...this.#crafting];
    return readingsOf(this.#compute, this.#network, { photos: this.#photos, indices, v });
  }

  #shown(readings: readonly Reading[]) {
    const pairs = [...this.#heldOut, ...this.#crafting].map((photo, i) => ({ photo, reading: readings[i] }));
    return [...pairs.slice(0, Math.min(SHOWN.heldOut, this.#heldOut.length)), ...pairs.slice(this.#heldOut.length)];
  }
}
