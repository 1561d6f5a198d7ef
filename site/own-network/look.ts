/** One file of the visitor's: what it is, what is proposed for it, and what the visitor has chosen. No page in here. */
import { UsageError } from '#shared/errors';
import type { ClassLabel, Fit } from '#shared/release';
import { canvasFor, type Guess, type Normalisation } from '#shared/zoo';
import type { OwnData } from './data.ts';
import { labelsFrom } from './files.ts';
import { GraphFile } from './graph-file.ts';
import { type Kept, keepNetwork } from './keep.ts';
import { isSame, labelledPhotos, type Names, namesFor, type Way, waysFor } from './proposal.ts';
import type { Brought, Found, Photos, Read, Said } from './protocol.ts';
import type { Asking } from './thread.ts';
import { Trials } from './trials.ts';

/** How the way is called that stands in the fields and is none of the usual ones. */
const ownWay = 'As the fields say';

export class Look {
  readonly #data: OwnData;
  readonly #trials = new Trials();
  readonly file: GraphFile;
  found: Found | null = null;
  /** The file leaves the size of its input open, and the visitor says it. */
  isOpen = false;
  names: Names | null = null;
  /** Name of the label file that was given. */
  labelFile: string | null = null;
  ways: Way[] = [];
  /** Place among the ways. */
  chosen = 0;
  /** By way; as far as they are tried. */
  reads: Read[] = [];
  guess: Guess | null = null;
  /** Place among the photos of the release. */
  photo = 0;
  #imageNet: ClassLabel[] | null = null;

  constructor(brought: Brought, data: OwnData) {
    this.file = new GraphFile(brought);
    this.#data = data;
  }

  get name(): string {
    return this.file.brought.model.name;
  }

  get isUsable(): boolean {
    return this.found !== null && this.found.refused === null;
  }

  /** @throws UsageError in the words of the command line */
  async inspect(said: Said, asking: Asking): Promise<Found> {
    const isFirst = !this.isUsable;
    const found = await this.file.ask('inspect', said, asking);
    this.found = found;
    this.isOpen ||= found.input?.assumed === true;
    if (isFirst && this.isUsable) {
      const { ways, suggested } = waysFor(found);
      [this.ways, this.chosen] = [ways, suggested];
    }
    this.reads = [];
    return found;
  }

  /**
   * Takes the labels of a file, or without one ImageNet's where there are as many classes.
   * @throws UsageError where they are none of this network; those without a file are taken then
   */
  async takeLabels(file: File | null): Promise<void> {
    const classes = this.found?.classes;
    if (!classes) return;
    this.#imageNet ??= await imageNetAt(this.#data.imageNet);
    this.labelFile = null;
    this.names = namesFor(classes, null, this.#imageNet);
    if (!file) return;
    this.names = namesFor(classes, { file: file.name, labels: await labelsFrom(file) }, this.#imageNet);
    this.labelFile = file.name;
  }

  /** Takes what the fields say: one of the ways, or one more. */
  take(normalisation: Normalisation): void {
    const known = this.ways.findIndex((way) => isSame(way.normalisation, normalisation));
    this.chosen = known;
    if (known >= 0) return;
    this.ways = [...this.ways.filter(({ name }) => name !== ownWay), { name: ownWay, normalisation }];
    this.chosen = this.ways.length - 1;
    this.reads = [];
  }

  /** What the network is prepared with: as a card would have it, and the command line chooses the canvas of that. */
  preparation(fit: Fit) {
    if (!this.found?.input) throw new UsageError('Choose a file first.');
    const { isWhole: _, assumed: __, channels, ...input } = this.found.input;
    const grey = channels === 'grey' && { channels };
    const preprocessing = { ...input, ...grey, ...this.ways[this.chosen].normalisation };
    return { preprocessing, ...canvasFor([{ preprocessing, ...(fit === 'exact' && { fit }) }], {}) };
  }

  /** Photos whose class is known. */
  labelled(): { urls: string[]; truth: number[] } {
    return labelledPhotos(this.#data.photos, this.names?.labels ?? [], this.#imageNet);
  }

  /** Reads one photo under each of the ways. */
  async try(fit: Fit, asking: Asking) {
    const { name, url } = this.#data.photos[this.photo];
    const ways = this.ways.map(({ normalisation }) => normalisation);
    const { reads, photo } = await this.#trials.ask('trial', this.#on([url], fit), { ways }, asking);
    this.reads = reads;
    return { name, photo };
  }

  /** Which of the ways is best on the photos whose class is known; it is chosen where it is better than chance. */
  async findOut(fit: Fit, asking: Asking): Promise<Guess> {
    if (!this.found?.input) throw new UsageError('Choose a file first.');
    const { urls, truth } = this.labelled();
    const guess = await this.#trials.ask('guess', this.#on(urls, fit), { truth, input: this.found.input }, asking);
    this.guess = guess;
    const best = this.ways.findIndex(({ name }) => name === guess.candidates[0].name);
    if (guess.betterThanChance && best >= 0) this.chosen = best;
    return guess;
  }

  async keep(title: string, fit: Fit, asking: Asking): Promise<Kept> {
    // Its memory is needed.
    this.#trials.stop();
    const [{ found, names, file }, prepared] = [this, this.preparation(fit)];
    if (!found || !names) throw new UsageError('Choose a file first.');
    return await keepNetwork({ file, found, names, title: title.trim() || this.name, ...prepared }, asking);
  }

  stop(): void {
    this.file.stop();
    this.#trials.stop();
  }

  #on(urls: string[], fit: Fit): { file: GraphFile; found: Found; photos: Photos } {
    // The photos of a release have many sizes: they are cropped for one that takes photos as they are, too.
    const photos = { urls, canvas: this.preparation(fit).canvas, fit: 'crop' as const };
    return { file: this.file, found: this.found as Found, photos };
  }
}

async function imageNetAt(url: string): Promise<ClassLabel[]> {
  const response = await fetch(url).catch(() => null);
  if (!response?.ok)
    throw new UsageError("ImageNet's labels could not be loaded. Try again, or choose a file of labels.");
  return (await response.json()) as ClassLabel[];
}
