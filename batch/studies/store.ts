import { createHash } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { canonicalJson } from '#shared/release';
import { codeVersion, currentCommit, type Step } from './code.ts';

const jobRecord = z.object({
  step: z.string(),
  key: z.string(),
  /** All that the key is made of. */
  code: z.string(),
  inputs: z.unknown(),
  commit: z.string(),
  seconds: z.number(),
  result: z.unknown(),
  files: z.array(z.object({ name: z.string(), bytes: z.int() })),
});

/** A job that is done. */
export interface Done<Result> {
  key: string;
  /** Where its files are. */
  folder: string;
  commit: string;
  seconds: number;
  result: Result;
  /** Whether it was there already. */
  resumed: boolean;
}

/**
 * Outputs of jobs, by what they were made from: `<folder>/<step>-<key>/` with `job.json` and the job's files. An output
 * appears under its name only when it is whole, so whatever kills us costs the job in flight and nothing else.
 */
export class JobStore {
  readonly #folder: string;
  readonly #codes = new Map<Step, Promise<string>>();
  #commit: Promise<string> | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Removes what killed runs left unfinished; with `fresh`, every output. Only for the holder of the lock. */
  async clean({ fresh }: { fresh: boolean }): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    for (const name of await readdir(this.#folder)) {
      if (fresh || name.startsWith('.')) await rm(join(this.#folder, name), { recursive: true, force: true });
    }
  }

  /**
   * The output of a job: the one that is there, or that of `work`.
   *
   * @param inputs Everything that the result depends on besides the code, as plain JSON.
   * @param schema Of the result, which is kept in job.json.
   * @param work Gives the result and the files to keep, by name.
   */
  async run<Schema extends z.ZodType>(
    step: Step,
    inputs: unknown,
    schema: Schema,
    work: () => Promise<{ result: z.input<Schema>; files?: Record<string, Uint8Array> }>,
  ): Promise<Done<z.output<Schema>>> {
    const code = await this.#code(step);
    const key = createHash('sha256').update(canonicalJson({ step, code, inputs })).digest('hex').slice(0, 16);
    const folder = join(this.#folder, `${step}-${key}`);
    const there = await read(folder, schema);
    if (there) return { ...there, key, folder, resumed: true };

    const started = performance.now();
    const { result, files = {} } = await work();
    const seconds = (performance.now() - started) / 1000;
    this.#commit ??= currentCommit();
    const commit = await this.#commit;
    const partial = join(this.#folder, `.${step}-${key}`);
    await rm(partial, { recursive: true, force: true });
    await mkdir(partial, { recursive: true });
    for (const [name, bytes] of Object.entries(files)) await writeFile(join(partial, name), bytes);
    const record: z.infer<typeof jobRecord> = {
      step,
      key,
      code,
      inputs,
      commit,
      seconds,
      result,
      files: Object.entries(files).map(([name, bytes]) => ({ name, bytes: bytes.byteLength })),
    };
    await writeFile(join(partial, 'job.json'), `${JSON.stringify(record, null, 2)}\n`);
    await rm(folder, { recursive: true, force: true });
    await rename(partial, folder);
    return { key, folder, commit, seconds, result: schema.parse(result), resumed: false };
  }

  #code(step: Step): Promise<string> {
    const known = this.#codes.get(step) ?? codeVersion(step);
    this.#codes.set(step, known);
    return known;
  }
}

/** An output that can be relied on, or null: then the job is done again. */
async function read<Schema extends z.ZodType>(folder: string, schema: Schema) {
  const path = join(folder, 'job.json');
  if (!existsSync(path)) return null;
  try {
    const { result, files, commit, seconds } = jobRecord.parse(JSON.parse(await readFile(path, 'utf8')));
    if (files.some(({ name, bytes }) => statSync(join(folder, name)).size !== bytes)) return null;
    return { commit, seconds, result: schema.parse(result) };
  } catch {
    return null;
  }
}
