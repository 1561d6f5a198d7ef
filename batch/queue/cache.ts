/** Outputs on a worker's own disk: what it needed last, within a bound. */
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Job, JobStore, jobRecord, type Output, outputName } from '../jobs/index.ts';
import type { SharedStore } from './shared-store.ts';

/** Outputs whose content stays in memory, such as photos that every job looks at. */
const kept = 24;

export class Cache {
  /** Where jobs keep their outputs before they are given away. */
  readonly store: JobStore;
  readonly #shared: SharedStore;
  readonly #folder: string;
  readonly #bound: number;
  /** Bytes by name, the one that was not used for longest first. */
  readonly #sizes = new Map<string, number>();
  readonly #outputs = new Map<string, Output>();

  private constructor(folder: string, bound: number, shared: SharedStore) {
    this.store = new JobStore(folder);
    this.#folder = folder;
    this.#bound = bound;
    this.#shared = shared;
  }

  /**
   * @param folder Of this process alone.
   * @param bound Bytes. What one job needs is there while it runs, whatever its size.
   */
  static async open(folder: string, bound: number, shared: SharedStore): Promise<Cache> {
    const cache = new Cache(folder, bound, shared);
    await cache.store.clean({ fresh: false });
    for (const name of await readdir(folder)) await cache.#count(name);
    return cache;
  }

  /** Where an output lies, or would. */
  folderOf(job: Job, key: string): string {
    return join(this.#folder, outputName(job.step, key));
  }

  /** An output, from this disk or from the store; null where it is in neither. */
  async get(job: Job, key: string, signal?: AbortSignal): Promise<Output | null> {
    const name = outputName(job.step, key);
    const known = this.#outputs.get(name) ?? (await this.store.find(job, key)) ?? (await this.#fetch(job, key, signal));
    if (known) this.#use(name, known);
    return known;
  }

  async #fetch(job: Job, key: string, signal?: AbortSignal): Promise<Output | null> {
    const name = outputName(job.step, key);
    if (!(await this.#shared.take(name, this.folderOf(job, key), signal))) return null;
    await this.#count(name);
    return this.store.find(job, key);
  }

  /** The output of a job that is in the store, or was made here and is given away now; null where it is to be made. */
  async given(job: Job, key: string, signal?: AbortSignal): Promise<Output | null> {
    if (await this.#shared.has(outputName(job.step, key), signal)) return this.get(job, key, signal);
    const mine = await this.store.find(job, key);
    return mine && this.give(job, mine, signal);
  }

  /** Gives an output that was made here away. Where another was first, theirs is what counts, here too. */
  async give(job: Job, output: Output, signal?: AbortSignal): Promise<Output> {
    const name = outputName(job.step, output.key);
    if ((await this.#shared.give(name, output.folder, signal)) === 'exists') {
      await this.#forget(name);
      return (await this.get(job, output.key, signal)) as Output;
    }
    await this.#count(name);
    this.#use(name, output);
    return output;
  }

  /** Removes what was not used for longest until the rest is within the bound. Not while a job runs. */
  async trim(): Promise<void> {
    let bytes = [...this.#sizes.values()].reduce((sum, size) => sum + size, 0);
    for (const [name, size] of [...this.#sizes]) {
      if (bytes <= this.#bound) return;
      await this.#forget(name);
      bytes -= size;
    }
  }

  async #forget(name: string): Promise<void> {
    this.#sizes.delete(name);
    this.#outputs.delete(name);
    await rm(join(this.#folder, name), { recursive: true, force: true });
  }

  async #count(name: string): Promise<void> {
    const text = await readFile(join(this.#folder, name, 'job.json'), 'utf8').catch(() => null);
    const { data } = jobRecord.safeParse(text && JSON.parse(text));
    if (!text || !data) return this.#forget(name);
    this.#sizes.set(name, text.length + data.files.reduce((sum, { bytes }) => sum + bytes, 0));
  }

  #use(name: string, output: Output): void {
    const size = this.#sizes.get(name) ?? 0;
    this.#sizes.delete(name);
    this.#sizes.set(name, size);
    this.#outputs.delete(name);
    this.#outputs.set(name, output);
    if (this.#outputs.size > kept) this.#outputs.delete(this.#outputs.keys().next().value as string);
  }
}
