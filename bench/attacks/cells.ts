/**
 * One cell of a table: a perturbation crafted and measured once, and kept as JSON, so that a killed run goes on where
 * it was; a craft that is stopped half-way leaves a checkpoint.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { craft, findAttack, parseSettings, type Surrogate } from '#shared/attacks';
import type { Compute } from '#shared/compute';
import { readNpy, writeNpy } from '#shared/formats';
import { type Budget, canonicalJson, type Norm } from '#shared/release';
import { type Measurement, measure } from '../../batch/analyses/index.ts';
import { openCompute } from '../../batch/compute/index.ts';
import { writeAtomic } from '../../batch/files/index.ts';
import type { PhotoSet } from '../../batch/photos/index.ts';
import { loadCard, prepareModel } from '../../batch/zoo/index.ts';

/** Photos under a name, and which of them. */
export interface Photos {
  name: string;
  set: PhotoSet;
  indices: number[];
}

export interface Recipe {
  attack: string;
  settings?: Record<string, unknown>;
  /** Ids or paths of cards; several are an ensemble. */
  surrogates: string[];
  crafting: Photos;
  norm?: Norm;
  epsilon?: number;
  seed: number;
  budget: Budget;
}

export interface Cell {
  gradients: number;
  seconds: number;
  /** Of the machine, over the minute before the end: seconds mean little where it is above the number of cores. */
  load: number;
  /** Share of the photos fooled, by model. */
  fooling: Record<string, number>;
  /** Which of them, a letter for each photo: 1 where it is fooled. Perturbations are compared photo by photo. */
  fooled: Record<string, string>;
  crafting: number | null;
}

export interface MeasuredCell extends Cell {
  /** Share of the evaluation photos that are fooled, and for each whether it is. */
  ratio: number;
  hits: boolean[];
}

export const ratioOf = (hits: readonly boolean[]) => hits.filter(Boolean).length / Math.max(1, hits.length);

/** Changes when results of old cells no longer stand for what the code does. */
const generation = 3;

export class Bench {
  readonly #folder: string;
  readonly #compute: Compute;
  readonly #clean = new Map<string, Measurement>();
  readonly #models = new Map<string, Promise<Surrogate>>();
  readonly #signal: AbortSignal | undefined;

  private constructor(folder: string, compute: Compute, signal: AbortSignal | undefined) {
    this.#folder = folder;
    this.#compute = compute;
    this.#signal = signal;
  }

  /** @param signal Stops a craft that is under way: it rejects, and the same cell goes on from there another time. */
  static async open(folder: string, signal?: AbortSignal): Promise<Bench> {
    await mkdir(folder, { recursive: true });
    return new Bench(folder, await openCompute({ provider: 'cpu' }), signal);
  }

  close(): Promise<void> {
    return this.#compute.close();
  }

  /** A card's prepared model, once. */
  model(card: string): Promise<Surrogate> {
    let found = this.#models.get(card);
    if (!found) {
      found = loadCard(card).then(async (model) => ({ id: model.card.id, ...(await prepareModel(model, 224)) }));
      this.#models.set(card, found);
    }
    return found;
  }

  /** Crafts and measures on a target, or remembers. */
  async cell(recipe: Recipe, target: string, evaluation: Photos): Promise<MeasuredCell> {
    const { attack, norm = 'inf', epsilon = 10, seed, budget, crafting } = recipe;
    // With the defaults filled in: a cell of other defaults is another cell.
    const settings = parseSettings(findAttack(attack), recipe.settings);
    const surrogates = await Promise.all(recipe.surrogates.map((card) => this.model(card)));
    const inputs = {
      generation,
      ...{ attack, settings, norm, epsilon, seed, budget },
      surrogates: surrogates.map(({ sha256 }) => sha256),
      crafting: crafting.set.sha256(crafting.indices),
    };
    const key = createHash('sha256').update(canonicalJson(inputs)).digest('hex').slice(0, 20);
    const file = join(this.#folder, `${attack}-${key}.json`);
    let cell = await this.#read(file);
    if (!cell) {
      this.#signal?.throwIfAborted();
      const checkpoint = file.replace(/json$/, 'checkpoint');
      const crafted = await craft({
        compute: this.#compute,
        surrogates,
        photos: crafting.set,
        crafting: crafting.indices,
        ...{ attack, settings, norm, epsilon, seed, budget },
        signal: this.#signal,
        checkpoints: {
          load: () => readFile(checkpoint).catch(() => null),
          save: (bytes) => writeAtomic(checkpoint, bytes),
        },
      });
      const { gradients, seconds, fooling } = crafted;
      cell = { gradients, seconds, load: loadavg()[0], fooling: {}, fooled: {}, crafting: fooling?.ratio ?? null };
      await writeAtomic(file.replace(/json$/, 'npy'), writeNpy(crafted.v, [3, 224, 224]));
      await writeAtomic(file, JSON.stringify({ ...cell, inputs }));
      await rm(checkpoint, { force: true });
      console.error(
        `${attack} ${JSON.stringify(recipe.settings ?? {})} on ${surrogates.map(({ id }) => id).join('+')}, seed ${seed}: ${gradients} gradients, ${seconds.toFixed(0)} s`,
      );
    }
    const name = `${(await this.model(target)).id} on ${evaluation.name}`;
    if (cell.fooling[name] === undefined) {
      const v = readNpy(await readFile(file.replace(/json$/, 'npy'))).data as Float32Array;
      const fooled = await this.fooled(v, target, evaluation);
      cell.fooled[name] = fooled.map(Number).join('');
      cell.fooling[name] = ratioOf(fooled);
      await writeAtomic(file, JSON.stringify({ ...cell, inputs }));
    }
    return { ...cell, ratio: cell.fooling[name], hits: [...cell.fooled[name]].map((letter) => letter === '1') };
  }

  /** Whether each of the photos is fooled. */
  async fooled(v: Float32Array, target: string, evaluation: Photos): Promise<boolean[]> {
    const prepared = await this.model(target);
    const look = (perturbation: Float32Array | null) =>
      measure({
        compute: this.#compute,
        prepared,
        photos: evaluation.set,
        indices: evaluation.indices,
        v: perturbation,
      });
    const name = `${prepared.sha256} ${evaluation.name}`;
    const clean = this.#clean.get(name) ?? (await look(null));
    this.#clean.set(name, clean);
    const { labels } = await look(v);
    return Array.from(clean.labels, (label, i) => label !== labels[i]);
  }

  async #read(file: string): Promise<Cell | null> {
    try {
      return JSON.parse(await readFile(file, 'utf8')) as Cell;
    } catch {
      return null;
    }
  }
}
