/** What a network of the visitor's reads in all photographs of the wall: in this browser, when it is asked for. */
import { changedShare, type Interval, imageNetGroups } from '#shared/metrics';
import type { OwnNetwork } from '../own-network/network.ts';
import type { Pattern, PatternRead, ReadingTasks } from '../own-network/protocol.ts';
import { type Asking, Thread } from '../own-network/thread.ts';
import type { WallData, WallReadings } from './data.ts';

/** How a plate does on the network, beside noise of the same bound. */
export interface PlateOn {
  number: number;
  name: string;
  photos: number;
  fooled: Interval & { fooled: number };
  noise: Interval & { fooled: number };
}

const noiseId = ({ norm, epsilon }: WallData['perturbations'][number]) => `noise ${norm} ${epsilon}`;

export class OwnReadings {
  readonly #data: WallData;
  readonly #thread = new Thread<ReadingTasks>(
    'The network',
    () => new Worker(new URL('../own-network/reading-worker.ts', import.meta.url), { type: 'module' }),
  );
  /** Which network the worker holds. */
  #held = '';
  #labels: string[] = [];
  #kinds: readonly string[] | null = null;
  /** Class by photo, of a network and a pattern; "" is no pattern. */
  readonly #read = new Map<string, number[]>();

  constructor(data: WallData) {
    this.#data = data;
  }

  has(model: string, perturbation: string): boolean {
    return this.#read.has(`${model} `) && this.#read.has(`${model} ${perturbation}`);
  }

  /**
   * Reads all photos with some of the perturbations, and noise of their bounds where that is asked for.
   * @throws UsageError in words for visitors; AbortError when ended
   */
  async read(model: string, perturbations: readonly string[], hasNoise: boolean, asking: Asking): Promise<void> {
    const wanted = this.#data.perturbations.filter(({ id }) => perturbations.includes(id));
    const noises = new Map(wanted.map((one) => [noiseId(one), one]));
    const patterns: (Pattern | null)[] = [
      null,
      ...wanted.map(({ id, npy }) => ({ id, npy })),
      ...(hasNoise ? [...noises] : []).map(([id, { norm, epsilon }]) => ({ id, noise: { norm, epsilon, seed: 1 } })),
    ].filter((pattern) => !this.#read.has(`${model} ${pattern?.id ?? ''}`));
    if (patterns.length === 0) return;
    await this.#hold(model, asking.signal);
    const { size, fit, photos } = this.#data;
    const asks = { photos: { urls: photos.map(({ url }) => url), canvas: size, fit }, patterns };
    await this.#thread.ask('everything', asks, {
      ...asking,
      onPart: (part) => {
        const { id, classes } = part as PatternRead;
        this.#read.set(`${model} ${id ?? ''}`, classes);
      },
    });
  }

  async #hold(model: string, signal?: AbortSignal): Promise<void> {
    if (this.#thread.isRunning && this.#held === model) return;
    const { ownNetwork } = await import('../own-network/index.ts');
    const network = await ownNetwork(model, this.#data.size, signal);
    if (!network) throw new Error('This browser does not have that network any more. Choose another one.');
    const { bytes, sha256 } = network;
    this.#name(network);
    await this.#thread.ask('open', { bytes, sha256 }, { signal, transfer: [bytes.buffer] });
    this.#held = model;
  }

  #name({ labels, named }: OwnNetwork) {
    this.#labels = labels;
    const order = labels.map((_, i) => (i === 0 ? 'n01440764' : `n${20_000_000 + i}`));
    this.#kinds = named === 'imagenet' ? imageNetGroups(order) : null;
  }

  /** Puts what was read of a network and a perturbation among the readings of the release. */
  addTo(readings: WallReadings, model: string, perturbation: string): void {
    const placesOf = (pattern: string) =>
      (this.#read.get(`${model} ${pattern}`) ?? []).map((index) => {
        const kind = this.#kinds?.[index] ?? null;
        // More than half of all classes are artefacts: to be one says nothing, to be wool does.
        const label = [index, this.#labels[index], kind === 'artefact' ? null : kind] as const;
        const known = readings.labels.findIndex((other) => other.every((part, i) => part === label[i]));
        return known >= 0 ? known : readings.labels.push(label) - 1;
      });
    readings.clean[model] ??= placesOf('');
    readings.perturbed[model] ??= {};
    readings.perturbed[model][perturbation] ??= placesOf(perturbation);
  }

  /** All plates on a network, once all of them are read; null before. */
  table(model: string): PlateOn[] | null {
    const of = (pattern: string) => this.#read.get(`${model} ${pattern}`);
    const clean = of('');
    const rows = this.#data.perturbations.flatMap((plate) => {
      const [perturbed, noise] = [of(plate.id), of(noiseId(plate))];
      if (!clean || !perturbed || !noise) return [];
      const { number, name } = plate;
      const [fooled, noisy] = [changedShare(clean, perturbed), changedShare(clean, noise)];
      return [{ number, name, photos: clean.length, fooled, noise: noisy }];
    });
    return rows.length === this.#data.perturbations.length ? rows : null;
  }

  /** Ends the worker, and gives its memory back. */
  stop(): void {
    this.#thread.stop();
    this.#held = '';
  }
}
