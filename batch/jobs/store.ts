import { createHash, hash } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { cp, mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { canonicalJson } from '#shared/release';
import { currentCommit } from './commit.ts';
import type { Done, Job, Output } from './job.ts';

/** What is known of an output beside its files: `job.json`. */
export const jobRecord = z.object({
  step: z.string(),
  id: z.string(),
  /** What the output is found by. */
  key: z.string(),
  /** The same, of what the needed outputs are in place of how they were made. */
  content: z.string(),
  /** Hash of the code that made it. */
  code: z.string(),
  inputs: z.unknown(),
  commit: z.string(),
  seconds: z.number(),
  digest: z.string(),
  result: z.unknown(),
  files: z.array(z.object({ name: z.string(), bytes: z.int(), sha256: z.string() })),
});
export type JobRecord = z.infer<typeof jobRecord>;

/** What the folder of an output is called. */
export const outputName = (step: string, key: string) => `${step}-${key}`;

/** What an output is kept under. */
export interface Address {
  key: string;
  content: string;
  code: string;
  /** For people who look into job.json: inputs with keys in place of jobs. */
  inputs: unknown;
}

/**
 * Outputs of jobs: `<folder>/<step>-<key>/` with `job.json` and the job's files. An output appears under its name only
 * when it is whole, so whatever kills us costs the job in flight and nothing else.
 */
export class JobStore {
  readonly #folder: string;
  #commit: Promise<string> | undefined;
  /** Folder by step and content, of all that lies here; made when it is first asked for. */
  #contents: Promise<Map<string, string>> | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Removes what killed runs left unfinished; with `fresh`, every output. Only for the holder of the lock.
   */
  async clean({ fresh }: { fresh: boolean }): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    for (const name of await readdir(this.#folder)) {
      if (fresh || name.startsWith('.')) await rm(join(this.#folder, name), { recursive: true, force: true });
    }
  }

  /** An output that can be relied on, or null: then the job has to be done. */
  async find<Result>(job: Job<Result>, key: string): Promise<Output<Result> | null> {
    const folder = join(this.#folder, outputName(job.step, key));
    const record = await this.#read(folder);
    const parsed = job.result.safeParse(record?.result);
    if (!record || !parsed.success) return null;
    const { commit, seconds, digest } = record;
    return { key, folder, commit, seconds, digest, result: parsed.data, resumed: true };
  }

  /**
   * An output under another key that was made by the same code from the same content: it is taken over under this key.
   * So a job whose needs were done again, and came out the same, is not.
   * @param isNeeded Whether a job of this run is found under a key: its output stays there, and is copied.
   */
  async adopt<Result>(
    job: Job<Result>,
    address: Address,
    isNeeded: (key: string) => boolean,
  ): Promise<Output<Result> | null> {
    this.#contents ??= this.#indexOfContents();
    const contents = await this.#contents;
    const from = contents.get(`${job.step} ${address.content}`);
    const record = from === undefined ? null : await this.#read(from);
    if (from === undefined || !record) return null;
    const folder = join(this.#folder, outputName(job.step, address.key));
    const { key, inputs } = address;
    // Of another job of the same run, such as the same model under another id.
    if (from === folder) return this.find(job, key);
    await rm(folder, { recursive: true, force: true });
    if (isNeeded(record.key)) {
      const partial = join(this.#folder, `.${outputName(job.step, key)}`);
      await cp(from, partial, { recursive: true });
      await rename(partial, folder);
    } else await rename(from, folder);
    await writeFile(join(folder, 'job.json'), jsonOf({ ...record, key, inputs }));
    contents.set(`${job.step} ${address.content}`, folder);
    return this.find(job, key);
  }

  /** Keeps an output. */
  async save<Result>(job: Job<Result>, address: Address, done: Done<Result>, seconds: number): Promise<Output<Result>> {
    const result = job.result.parse(done.result);
    const { key } = address;
    const folder = join(this.#folder, outputName(job.step, key));
    const partial = join(this.#folder, `.${outputName(job.step, key)}`);
    await rm(partial, { recursive: true, force: true });
    await mkdir(partial, { recursive: true });
    const files: JobRecord['files'] = [];
    for (const [name, content] of Object.entries(done.files ?? {})) {
      files.push({ name, ...(await write(join(partial, name), content)) });
    }
    this.#commit ??= currentCommit();
    const commit = await this.#commit;
    const digest = hashOf({ result: job.identity(result), files });
    const { step, id } = job;
    const record = { step, id, ...address, commit, seconds, digest, result: done.result, files };
    await writeFile(join(partial, 'job.json'), jsonOf(record));
    await rm(folder, { recursive: true, force: true });
    await rename(partial, folder);
    (await this.#contents)?.set(`${step} ${address.content}`, folder);
    return { key, folder, commit, seconds, digest, result, resumed: false };
  }

  async #indexOfContents(): Promise<Map<string, string>> {
    const contents = new Map<string, string>();
    for (const name of await readdir(this.#folder)) {
      if (name.startsWith('.')) continue;
      const folder = join(this.#folder, name);
      const record = await this.#read(folder);
      if (record) contents.set(`${record.step} ${record.content}`, folder);
    }
    return contents;
  }

  async #read(folder: string): Promise<JobRecord | null> {
    const path = join(folder, 'job.json');
    if (!existsSync(path)) return null;
    try {
      const record = jobRecord.parse(JSON.parse(await readFile(path, 'utf8')));
      return record.files.every(({ name, bytes }) => statSync(join(folder, name)).size === bytes) ? record : null;
    } catch {
      return null;
    }
  }
}

/** SHA-256 of plain data, as 64 hexadecimal digits. */
export const hashOf = (value: unknown) => hash('sha256', canonicalJson(value));

const jsonOf = (record: JobRecord) => `${JSON.stringify(record, null, 2)}\n`;

/** Bytes that are handed to the system at once: it takes no more than 2 GiB. */
const chunk = 2 ** 28;

async function write(path: string, content: Uint8Array | readonly Uint8Array[]) {
  const written = createHash('sha256');
  const file = await open(path, 'wx');
  let bytes = 0;
  try {
    for (const part of content instanceof Uint8Array ? [content] : content) {
      for (let at = 0; at < part.byteLength; at += chunk) {
        const piece = part.subarray(at, at + chunk);
        written.update(piece);
        await file.writeFile(piece);
      }
      bytes += part.byteLength;
    }
  } finally {
    await file.close();
  }
  return { bytes, sha256: written.digest('hex') };
}
