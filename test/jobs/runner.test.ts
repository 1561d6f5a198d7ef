import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, truncate, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  CodeReader,
  defineStep,
  inOrder,
  type Job,
  type JobEvent,
  JobStore,
  keysOf,
  noWork,
  type Output,
  Progress,
  runJobs,
  Speeds,
} from '../../batch/jobs/index.ts';

let folder: string;
let codes: CodeReader;
/** Ids of the jobs that were done, in that order. */
let done: string[];
let events: JobEvent[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atlas-jobs-'));
  codes = await CodeReader.open();
  done = [];
  events = [];
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const numbers = z.object({ value: z.number() });
type Numbers = z.infer<typeof numbers>;

/** A number from nowhere; `note` changes the key and not the value. */
const given = defineStep<{ value: number; note?: string }, Numbers>({
  name: 'given',
  source: import.meta.url,
  result: numbers,
  async run(_context, { value, note }) {
    done.push(`given ${value}${note ?? ''}`);
    return { result: { value }, files: { 'value.txt': new TextEncoder().encode(String(value)) } };
  },
});

/** A sum of the values of other jobs. */
const sum = defineStep<{ terms: Job<Numbers>[] }, Numbers, { isThere?: () => boolean }>({
  name: 'sum',
  source: import.meta.url,
  result: numbers,
  async run(_context, { terms }, _place, before) {
    done.push(before ? `sum again, ${before.result.value} before` : 'sum');
    return { result: { value: terms.reduce((total, { result }) => total + result.value, 0) } };
  },
  isThere: async (_output, { isThere }) => isThere?.() ?? true,
});

const one = (value: number, note?: string) => given({ id: `${value}`, inputs: { value, note } });
const total = (terms: Job<Numbers>[], isThere?: () => boolean) =>
  sum({ id: 'sum', inputs: { terms }, place: { isThere } });

async function run(jobs: Job[], speeds = new Speeds({}, 'test')): Promise<Map<Job, Output>> {
  const store = new JobStore(join(folder, 'jobs'));
  await store.clean({ fresh: false });
  const progress = new Progress((event) => events.push(event));
  return runJobs(jobs, { store, codes, machine: { options: {} }, progress, speeds });
}

describe('a graph of jobs', () => {
  test('is done in the order of its needs, each job once, and gives each its needs', async () => {
    const shared = one(1);
    const both = total([shared, one(2), shared]);
    const outputs = await run([both]);
    expect(done).toEqual(['given 1', 'given 2', 'sum']);
    expect(outputs.get(both as Job)?.result).toEqual({ value: 4 });
    expect(inOrder([both as Job]).map(({ id }) => id)).toEqual(['1', '2', 'sum']);
    expect(both.needs.map(({ id }) => id)).toEqual(['1', '2']);
  });

  test('does nothing twice', async () => {
    await run([total([one(1)]) as Job]);
    done = [];
    const again = total([one(1)]) as Job;
    const outputs = await run([again]);
    expect(done).toEqual([]);
    expect(outputs.get(again)).toMatchObject({ resumed: true, result: { value: 1 } });
  });

  test('has keys before anything runs, which change with all that a result could depend on', () => {
    const keyOf = (job: Job) => keysOf(inOrder([job]), codes).get(job);
    const key = keyOf(total([one(1)]) as Job);
    expect(key).toMatch(/^[0-9a-f]{16}$/);
    expect(keyOf(total([one(1)]) as Job)).toBe(key);
    expect(keyOf(total([one(2)]) as Job)).not.toBe(key);
    expect(keyOf(total([one(1, 'made otherwise')]) as Job)).not.toBe(key);
    expect(keyOf(total([one(1), one(1)]) as Job)).not.toBe(key);
    const withMore = sum({ id: 'sum', inputs: { terms: [one(1)] }, place: {}, code: ['batch/cli/text.ts'] });
    expect(keyOf(withMore as Job)).not.toBe(key);
    // In whatever order an input's parts were written down.
    const noted = (inputs: { value: number; note: string }) => given({ id: '1', inputs }) as Job;
    expect(keyOf(noted({ note: 'n', value: 1 }))).toBe(keyOf(noted({ value: 1, note: 'n' })));
    // Another step of the same file, which is given the same.
    const other = defineStep<{ value: number }, Numbers>({
      ...{ name: 'other', source: import.meta.url, result: numbers },
      run: async () => ({ result: { value: 0 } }),
    })({ id: '1', inputs: { value: 1 } });
    expect(keyOf(other as Job)).not.toBe(keyOf(one(1) as Job));
  });

  test("counts its step's own file as its code, with what that imports", () => {
    const { files } = codes.of(one(1).code);
    expect(files).toContain('test/jobs/runner.test.ts');
    expect(files).toContain('batch/jobs/runner.ts');
  });

  test('does a job again after its code has changed, though its needs are what they were', async () => {
    const made = (code: string[]) => sum({ id: 'sum', inputs: { terms: [one(1)] }, place: {}, code }) as Job;
    await run([made([])]);
    done = [];
    await run([made(['batch/cli/text.ts'])]);
    expect(done).toEqual(['sum']);
  });

  test('tells outputs apart by their files, where their results are the same', async () => {
    const noted = defineStep<{ note: string }, Numbers>({
      ...{ name: 'noted', source: import.meta.url, result: numbers },
      run: async (_context, { note }) => ({
        result: { value: 7 },
        files: { 'note.txt': new TextEncoder().encode(note) },
      }),
    });
    await run([total([noted({ id: 'n', inputs: { note: 'one' } })]) as Job]);
    done = [];
    await run([total([noted({ id: 'n', inputs: { note: 'two' } })]) as Job]);
    expect(done).toEqual(['sum']);
  });

  test('does a job again whose file was cut short', async () => {
    await run([total([one(12)]) as Job]);
    done = [];
    const [name] = (await readdir(join(folder, 'jobs'))).filter((entry) => entry.startsWith('given-'));
    await truncate(join(folder, 'jobs', name, 'value.txt'), 1);
    await run([total([one(12)]) as Job]);
    expect(done).toEqual(['given 12']);
  });

  test('does a job again whose file is gone, and what needs it is kept', async () => {
    await run([total([one(1)]) as Job]);
    done = [];
    const [name] = (await readdir(join(folder, 'jobs'))).filter((entry) => entry.startsWith('given-'));
    await unlink(join(folder, 'jobs', name, 'value.txt'));
    await run([total([one(1)]) as Job]);
    expect(done).toEqual(['given 1']);
  });

  test('takes over what was made from the same content, where a need was made otherwise and came out the same', async () => {
    await run([total([one(1), one(2)]) as Job]);
    done = [];
    const other = total([one(1, ', by other code'), one(2)]) as Job;
    const outputs = await run([other]);
    expect(done).toEqual(['given 1, by other code']);
    expect(outputs.get(other)).toMatchObject({ resumed: true, result: { value: 3 } });
    const { folder: at, key } = outputs.get(other) as Output;
    expect(JSON.parse(await readFile(join(at, 'job.json'), 'utf8'))).toMatchObject({ step: 'sum', key });
    // And it is found at once from then on.
    done = [];
    await run([total([one(1, ', by other code'), one(2)]) as Job]);
    expect(done).toEqual([]);
    await run([total([one(5, ', by other code'), one(2)]) as Job]);
    expect(done).toEqual(['given 5, by other code', 'sum']);
  });

  test('copies what was made from the same content where both are in the plan: neither loses its output', async () => {
    // Two sums of one term each: made otherwise, of the same content.
    const [a, b] = [total([one(1)]), total([one(1, ', noted')])];
    const outputs = await run([a, b]);
    expect(done).toEqual(['given 1', 'sum', 'given 1, noted']);
    const folders = [a, b].map((job) => outputs.get(job as Job)?.folder as string);
    expect(new Set(folders).size).toBe(2);
    for (const at of folders) expect(existsSync(join(at, 'job.json')), at).toBe(true);
    done = [];
    await run([a, b]);
    expect(done).toEqual([]);
  });

  test('does a job again where what it stands for is gone, and tells it what it was', async () => {
    await run([total([one(1)]) as Job]);
    done = [];
    const outputs = await run([total([one(1)], () => false) as Job]);
    expect(done).toEqual(['sum again, 1 before']);
    expect([...outputs.values()].map(({ resumed }) => resumed)).toEqual([true, false]);
  });

  test('leaves nothing half-written of a job that fails', async () => {
    const fails = defineStep<object, Numbers>({
      ...{ name: 'fails', source: import.meta.url, result: numbers },
      run: async () => ({ result: { value: 'none' as never }, files: {} }),
    })({ id: 'fails', inputs: {} });
    await expect(run([fails as Job])).rejects.toThrow();
    // One whose second file cannot be written: what there is of it has a name that is never taken for an output.
    const halfway = defineStep<object, Numbers>({
      ...{ name: 'halfway', source: import.meta.url, result: numbers },
      run: async () => ({ result: { value: 1 }, files: { a: new Uint8Array(1), 'no/such/folder': new Uint8Array(1) } }),
    })({ id: 'halfway', inputs: {} });
    await expect(run([halfway as Job])).rejects.toThrow(/ENOENT/);
    const left = await readdir(join(folder, 'jobs'));
    expect(left.length).toBeGreaterThan(0);
    expect(left.every((name) => name.startsWith('.'))).toBe(true);
    await writeFile(join(folder, 'jobs', '.fails-of-a-killed-run'), '');
    await run([]);
    expect(await readdir(join(folder, 'jobs'))).toEqual([]);
  });
});

describe('the time left', () => {
  const slow = defineStep<{ name: string }, Numbers>({
    ...{ name: 'slow', source: import.meta.url, result: numbers },
    async run({ report }) {
      await new Promise((resolve) => setTimeout(resolve, 40));
      report({ done: 5, total: 10, unit: 'gradients' });
      return { result: { value: 1 } };
    },
  });
  const left = () => events.flatMap((event) => (event.event === 'progress' ? [event] : []));

  test('comes from what this machine measured of the same work before', async () => {
    const speeds = new Speeds({ 'test slow a': { seconds: 50, units: 100 } }, 'test');
    const work = { ...noWork, gradients: 1000, on: 'a' };
    expect(speeds.expect(slow({ id: 'a', inputs: { name: 'a' }, work }) as Job)).toBe(500);
    expect(speeds.expect(slow({ id: 'b', inputs: { name: 'b' }, work: { ...work, on: 'b' } }) as Job)).toBeNull();
  });

  test('is what a budget in seconds says, and no more than what one of fooling can take', async () => {
    const timed = slow({ id: 'timed', inputs: { name: 't' }, work: { ...noWork, seconds: 300 } });
    const early = slow({ id: 'early', inputs: { name: 'e' }, work: { ...noWork, gradients: 20_000, atMost: true } });
    await run([timed, early] as Job[]);
    // Nothing is known of gradients while the first runs.
    expect(left()[0]).toMatchObject({ secondsLeft: null, atMost: true });
    events = [];
    await rm(join(folder, 'jobs'), { recursive: true });
    await run([timed] as Job[]);
    expect(left()[0].secondsLeft).toBeGreaterThan(299);
    expect(left()[0].secondsLeft).toBeLessThan(300);
    expect(left()[0].atMost).toBe(false);
  });

  test('counts only the jobs that are still to do', async () => {
    const speeds = () => new Speeds({ 'test slow a': { seconds: 1, units: 1 } }, 'test');
    const jobs = () =>
      [1, 2, 3].map((id) =>
        slow({ id: `${id}`, inputs: { name: `${id}` }, work: { ...noWork, gradients: 100, on: 'a' } }),
      ) as Job[];
    await run(jobs().slice(0, 2), speeds());
    events = [];
    await run(jobs(), speeds());
    // Half done: as long again as it took so far; the two others are there.
    expect(left()).toHaveLength(1);
    expect(left()[0].secondsLeft).toBeLessThan(50);
    // The same where those that are there come after it.
    await rm(join(folder, 'jobs'), { recursive: true });
    await run(jobs().slice(1), speeds());
    events = [];
    await run(jobs(), speeds());
    expect(left()).toHaveLength(1);
    expect(left()[0].secondsLeft).toBeLessThan(50);
  });
});
