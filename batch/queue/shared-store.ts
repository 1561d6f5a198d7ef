/**
 * The outputs of jobs where all machines find them:
 *
 *     content/<sha256>          pieces of files, by what they are
 *     jobs/<step>-<key>.json    an output: its job.json, and of each file the pieces; written last, and once
 *     studies/<sha256>.json     what a study's jobs are planned from
 *     checkpoints/<step>-<key>  what there is so far of a job that is not done
 *
 * So an output is there whole or not at all, whatever kills whoever writes it; of two that do one job at the same time
 * the first is kept. Every byte is held to its hash when it is read.
 */
import { createHash, hash } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { AtlasError } from '#shared/errors';
import { faultsOf } from '../files/index.ts';
import { type JobCheckpoints, jobRecord } from '../jobs/index.ts';
import { openPlace, type Place } from './place.ts';

const piece = z.object({ bytes: z.int().min(0), sha256: z.string().regex(/^[0-9a-f]{64}$/) });
/** An output as the store has it. */
const storedOutput = jobRecord.extend({
  files: z.array(jobRecord.shape.files.element.extend({ pieces: z.array(piece) })),
});
type StoredOutput = z.infer<typeof storedOutput>;

/** Bytes that travel at once, so that memory stays small and a broken connection costs little. */
const PIECE = 2 ** 26;
/** What describes an output or a study is far smaller. */
const LARGEST_DOCUMENT = 256e6;
/** A few times the size of a perturbation. */
const LARGEST_CHECKPOINT = 2 ** 30;

/** What the store holds is not what it should be: no waiting changes that. */
export class DamagedError extends AtlasError {
  override name = 'DamagedError';
}

export class SharedStore {
  readonly place: Place;

  constructor(place: Place) {
    this.place = place;
  }

  /** @throws UsageError as `openPlace`. */
  static open(address: string, env?: NodeJS.ProcessEnv): SharedStore {
    return new SharedStore(openPlace(address, env));
  }

  /** The names of all outputs that are there. */
  async names(signal?: AbortSignal): Promise<Set<string>> {
    const listed = await this.place.list('jobs/', signal);
    return new Set(listed.filter((name) => name.endsWith('.json')).map((name) => name.slice(0, -'.json'.length)));
  }

  has(name: string, signal?: AbortSignal): Promise<boolean> {
    return this.place.has(`jobs/${name}.json`, signal);
  }

  /**
   * Puts an output there.
   * @param folder Where it lies on this machine.
   * @returns 'exists' where there is one already, which stays.
   */
  async give(name: string, folder: string, signal?: AbortSignal): Promise<'written' | 'exists'> {
    if (await this.has(name, signal)) return 'exists';
    const record = jobRecord.parse(JSON.parse(await readFile(join(folder, 'job.json'), 'utf8')));
    const files = await Promise.all(
      record.files.map(async (file) => ({
        ...file,
        pieces: await this.#giveFile(join(folder, file.name), file, signal),
      })),
    );
    const stored: StoredOutput = { ...record, files };
    return this.place.add(`jobs/${name}.json`, encode(stored), signal);
  }

  async #giveFile(path: string, { sha256 }: { sha256: string }, signal?: AbortSignal) {
    const pieces: z.infer<typeof piece>[] = [];
    const whole = createHash('sha256');
    const file = await open(path);
    try {
      const { size } = await file.stat();
      for (let at = 0; at < size; at += PIECE) {
        const bytes = new Uint8Array(Math.min(PIECE, size - at));
        const { bytesRead } = await file.read(bytes, 0, bytes.length, at);
        if (bytesRead !== bytes.length) throw new DamagedError(`${path} became shorter while it was read.`);
        whole.update(bytes);
        pieces.push({ bytes: bytes.length, sha256: await this.#addContent(bytes, signal) });
      }
    } finally {
      await file.close();
    }
    if (whole.digest('hex') !== sha256)
      throw new DamagedError(`${path} is not what its job.json says: its SHA-256 is another. Delete its folder.`);
    return pieces;
  }

  async #addContent(bytes: Uint8Array, signal?: AbortSignal): Promise<string> {
    const sha256 = hash('sha256', bytes);
    const key = `content/${sha256}`;
    // What is large is not sent to hear that it is there.
    if (bytes.length < 2 ** 20 || !(await this.place.has(key, signal))) await this.place.add(key, bytes, signal);
    return sha256;
  }

  /**
   * Fetches an output.
   * @param folder Where it is to lie; it appears there when it is whole.
   * @returns false where there is no such output.
   * @throws DamagedError where what is there is not what it should be.
   */
  async take(name: string, folder: string, signal?: AbortSignal): Promise<boolean> {
    const key = `jobs/${name}.json`;
    const document = await this.place.read(key, LARGEST_DOCUMENT, signal);
    if (!document) return false;
    const stored = this.#parse(storedOutput, document, key);
    const partial = join(folder, '..', `.${name}`);
    await rm(partial, { recursive: true, force: true });
    await mkdir(partial, { recursive: true });
    await Promise.all(stored.files.map((file) => this.#takeFile(join(partial, file.name), file, signal)));
    const record = { ...stored, files: stored.files.map(({ name, bytes, sha256 }) => ({ name, bytes, sha256 })) };
    await writeFile(join(partial, 'job.json'), encode(record));
    await rm(folder, { recursive: true, force: true });
    await rename(partial, folder);
    return true;
  }

  async #takeFile(path: string, { name, sha256, pieces }: StoredOutput['files'][number], signal?: AbortSignal) {
    if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)) throw this.#damaged(`an output with a file of the name "${name}"`);
    const whole = createHash('sha256');
    const file = await open(path, 'w');
    try {
      for (const { bytes, sha256 } of pieces) {
        const key = `content/${sha256}`;
        const content = await this.place.read(key, bytes + 1, signal);
        if (content?.length !== bytes || hash('sha256', content) !== sha256)
          throw this.#damaged(content ? `${key} with other bytes than it is named by` : `an output without ${key}`);
        whole.update(content);
        await file.writeFile(content);
      }
    } finally {
      await file.close();
    }
    if (whole.digest('hex') !== sha256) throw this.#damaged(`${name} in pieces that do not make it up`);
  }

  /** Keeps a document by its content. @returns Its SHA-256. */
  async addStudy(document: unknown, signal?: AbortSignal): Promise<string> {
    const bytes = encode(document);
    const sha256 = hash('sha256', bytes);
    await this.place.add(`studies/${sha256}.json`, bytes, signal);
    return sha256;
  }

  /** A document by its SHA-256; null where the store does not have it. */
  async study<T extends z.ZodType>(sha256: string, schema: T, signal?: AbortSignal): Promise<z.output<T> | null> {
    const key = `studies/${sha256}.json`;
    const bytes = await this.place.read(key, LARGEST_DOCUMENT, signal);
    if (!bytes) return null;
    if (hash('sha256', bytes) !== sha256) throw this.#damaged(`${key} with other bytes than it is named by`);
    return this.#parse(schema, bytes, key);
  }

  /** The checkpoints of a job; a damaged one is none. */
  checkpoints(name: string, signal?: AbortSignal): JobCheckpoints & { remove(): Promise<void> } {
    const key = `checkpoints/${name}`;
    return {
      load: async () => {
        const bytes = await this.place.read(key, LARGEST_CHECKPOINT, signal);
        const content = bytes?.subarray(64);
        const is = (sum: string) => sum === Buffer.from(bytes!.subarray(0, 64)).toString('latin1');
        return content && is(hash('sha256', content)) ? content : null;
      },
      // No signal: what an interrupted job has so far is saved after it was interrupted.
      save: (bytes) => this.place.replace(key, Buffer.concat([Buffer.from(hash('sha256', bytes), 'latin1'), bytes])),
      remove: () => this.place.remove(key),
    };
  }

  #parse<T extends z.ZodType>(schema: T, bytes: Uint8Array, key: string): z.output<T> {
    let value: unknown;
    try {
      value = JSON.parse(new TextDecoder().decode(bytes));
    } catch {
      throw this.#damaged(`${key}, which is no JSON`);
    }
    const [fault] = faultsOf(schema, value, 1);
    if (fault) throw this.#damaged(`${key}, in which ${fault}`);
    return schema.parse(value);
  }

  #damaged(what: string): DamagedError {
    return new DamagedError(
      `The store ${this.place.name} holds ${what}. It was damaged, or is no store of outputs: delete what is named, and what refers to it is made again.`,
    );
  }
}

const encode = (value: unknown) => new TextEncoder().encode(`${JSON.stringify(value)}\n`);
