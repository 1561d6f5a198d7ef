/** What a visitor does with a perturbation that is there: saves its files, keeps it, tries it in the lab. */
import { make, named, save, tell } from './dom.ts';
import type { FileKind } from './files.ts';
import { type KeptPattern, keepPattern } from './kept.ts';
import { KeptList, labAddress } from './kept-list.ts';
import { usesNoCompiler } from './lazy.ts';
import type { Craft } from './machine.ts';
import { boundText } from './words.ts';

export class Keeping {
  readonly #root: HTMLElement;
  readonly #networks: readonly string[];
  readonly #craft: () => Craft;
  readonly #list: KeptList;
  #pattern: KeptPattern | null = null;

  /**
   * @param networks Ids of the networks that the lab has.
   * @param canvas Side of the canvases that it shows.
   */
  constructor(root: HTMLElement, { networks, canvas }: { networks: string[]; canvas: number }, craft: () => Craft) {
    this.#root = root;
    this.#networks = networks;
    this.#craft = craft;
    this.#list = new KeptList(named(root, 'kept'), networks, canvas);
    this.#list.refresh();
  }

  /** Another craft has begun, or ended: nothing is said of the one before. */
  forget(): void {
    this.#pattern = null;
    tell(this.#root, 'keep-says', '');
  }

  /** @param kept Id of a pattern that is kept; left out: of the one that was just crafted. */
  async save(kind: FileKind, kept?: string): Promise<void> {
    const pattern = kept ? this.#list.find(kept) : await this.#patternNow();
    if (!pattern) return;
    await usesNoCompiler();
    const { fileNames, fileOf } = await import('./files.ts');
    save(await fileOf(kind, pattern), fileNames[kind]);
  }

  /** @returns what is kept; null where there is nothing, or the browser refuses. */
  async keep(): Promise<KeptPattern | null> {
    const pattern = await this.#patternNow();
    if (!pattern) return null;
    try {
      await keepPattern(pattern);
      await this.#list.refresh();
      tell(this.#root, 'keep-says', 'It is kept in this browser.');
      return pattern;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      tell(this.#root, 'keep-says', `This browser does not keep it (${why}). Download the files instead.`);
      return null;
    }
  }

  async toLab(): Promise<void> {
    const pattern = await this.keep();
    if (pattern) make('a', { href: labAddress(pattern, this.#networks) }).click();
  }

  async #patternNow(): Promise<KeptPattern | null> {
    const { result, order, measured } = this.#craft();
    if (!result || !order) return null;
    if (this.#pattern?.record === result.record) return this.#pattern;
    await usesNoCompiler();
    const { patternId } = await import('./files.ts');
    const { attack, norm, epsilon, seed, network, canvas, fit } = order;
    this.#pattern = {
      ...{ id: patternId(result.v), name: result.id, network: { id: network.id, title: network.title } },
      ...{ made: `${attack}, ${boundText({ norm, epsilon })}, seed ${seed}`, at: new Date().toISOString() },
      ...{ canvas, fit, v: new Float32Array(result.v), record: result.record, measured },
    };
    return this.#pattern;
  }
}
