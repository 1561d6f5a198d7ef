import { canonicalJson, sha256OfParts } from '#shared/release';
import { pack, type State, unpack } from './state.ts';
import type { Checkpoints, CraftTask } from './types.ts';

const secondsBetween = 20;

/** Everything that decides the bytes of a perturbation, in one line. */
export function identityOf(task: CraftTask, attack: string, settings: Record<string, unknown>): string {
  const { compute, crafting, epsilon, norm, photos, seed, surrogates } = task;
  const length = 3 * photos.size ** 2;
  const canvases = crafting.map((index) => photos.pixels.subarray(index * length, (index + 1) * length));
  return canonicalJson({
    ...{ attack, settings, norm, epsilon, seed, budget: task.budget, size: photos.size },
    surrogates: surrogates.map(({ sha256 }) => sha256),
    photos: sha256OfParts(canvases),
    provider: compute.provider,
  });
}

/**
 * Checkpoints: the state before the step that is under way, written now and then, and at the end of a craft that did
 * not end well.
 */
export class Keeper {
  latest: State | null = null;
  readonly #checkpoints: Checkpoints | undefined;
  readonly #identify: () => string;
  #identity = '';
  #savedAt = performance.now();

  constructor(checkpoints: Checkpoints | undefined, identify: () => string) {
    this.#checkpoints = checkpoints;
    this.#identify = identify;
  }

  get keeps(): boolean {
    return this.#checkpoints !== undefined;
  }

  async load(): Promise<State | null> {
    if (!this.#checkpoints) return null;
    this.#identity = this.#identify();
    const bytes = await this.#checkpoints.load();
    return bytes && unpack(this.#identity, bytes);
  }

  async saveSometimes(): Promise<void> {
    const every = this.#checkpoints?.every ?? secondsBetween;
    if (performance.now() - this.#savedAt >= 1000 * every) await this.save();
  }

  async save(): Promise<void> {
    if (!this.#checkpoints || !this.latest) return;
    await this.#checkpoints.save(pack(this.#identity, this.latest));
    this.#savedAt = performance.now();
  }
}
