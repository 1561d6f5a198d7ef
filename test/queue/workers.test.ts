import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { CodeReader, type Job, noWork } from '../../batch/jobs/index.ts';
import { openQueue } from '../../batch/queue/boss.ts';
import { handedOutSteps } from '../../batch/queue/index.ts';
import { priorities } from '../../batch/queue/plans.ts';
import type { WorkEvent } from '../../batch/queue/worker.ts';
import { root } from '../cli/atlas.ts';
import { openPostgres, type Postgres } from '../support/postgres.ts';
import { announced, defineStep, followed, type Numbers, numbers, worker } from './support.ts';

/** As many as the promise is of with this set; fewer where only a regression is looked for. */
const many = Number(process.env.ATLAS_QUEUE_JOBS ?? 600);

let postgres: Postgres;
let folder: string;
/** Ends the workers of a test. */
let stop: AbortController;
/** Ids of jobs, as they begin and end. */
let began: string[];
let ended: string[];

beforeAll(async () => {
  postgres = await openPostgres();
});
afterAll(() => postgres?.close());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atlas-workers-'));
  [began, ended] = [[], []];
  stop = new AbortController();
});
afterEach(async () => {
  stop.abort();
  await rm(folder, { recursive: true, force: true });
});

const store = () => join(folder, 'store');
const at = (name: string) => ({ queue: postgres.address, store: store(), cache: join(folder, name) });

/** What jobs of the id do when they run; nothing where it is left out. */
const doing = new Map<string, (signal?: AbortSignal) => Promise<void> | void>();
const adds = defineStep<{ terms: Job<Numbers>[]; run: string }, Numbers>({
  name: 'adds',
  source: import.meta.url,
  result: numbers,
  async run({ signal }, { terms, run }) {
    began.push(run);
    await doing.get(run)?.(signal);
    ended.push(run);
    return { result: { value: 1 + terms.reduce((sum, { result }) => sum + result.value, 0) } };
  },
});
/** Of this test alone, by its folder. */
const job = (id: string, terms: Job<Numbers>[] = [], work = noWork) =>
  adds({ id, inputs: { terms, run: `${folder} ${id}` }, work });
const does = (id: string, what: (signal?: AbortSignal) => Promise<void> | void) => doing.set(`${folder} ${id}`, what);
const ids = (runs: string[]) => runs.map((run) => run.slice(folder.length + 1));

test(`20 workers on ${many} jobs: none is done twice, none is forgotten`, async () => {
  const first = Array.from({ length: many - 100 }, (_, i) => job(`${i}`));
  // The others need some of these each.
  const second = Array.from({ length: 100 }, (_, i) => job(`sum ${i}`, first.slice(i, i + 4)));
  const own = await announced(postgres.address, [...first, ...second] as Job[]);
  const workers = Array.from({ length: 20 }, (_, i) => worker(at(`cache${i}`), own, { signal: stop.signal }));
  const progress = await followed(postgres.address, store(), own);
  stop.abort();
  const counts = await Promise.all(workers);
  expect(progress.counts).toMatchObject({ done: many, total: many });
  expect(began).toHaveLength(many);
  expect(new Set(began).size).toBe(many);
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(many);
  // Each of them had something to do.
  expect(Math.min(...counts)).toBeGreaterThan(0);
}, 300_000);

test('a job that fails is tried three times, stands as failed with its error, and the rest is done', async () => {
  const [good, bad] = [job('good'), job('bad')];
  does('bad', () => {
    throw new Error('it cannot be done: and this is why');
  });
  const dependent = job('needs bad', [bad]);
  const last = job('needs that', [dependent, good]);
  const own = await announced(postgres.address, [good, bad, dependent, last] as Job[]);
  const events: WorkEvent[] = [];
  const working = worker(at('cache'), own, { signal: stop.signal, onEvent: (event) => events.push(event) });
  const { missing } = await followed(postgres.address, store(), own);
  expect(missing).toEqual([
    { step: 'adds', id: 'bad', why: 'it cannot be done: and this is why', failed: true, worker: 'a worker' },
    { step: 'adds', id: 'needs bad', why: 'needs adds bad', failed: false },
    { step: 'adds', id: 'needs that', why: 'needs adds bad', failed: false },
  ]);
  expect(ids(began).filter((id) => id === 'bad')).toHaveLength(3);
  expect(ids(ended)).toEqual(['good']);
  expect(events.flatMap((event) => (event.event === 'failed' ? [event.attempt] : []))).toEqual([1, 2, 3]);
  // Followed once more it is said again, and not tried again.
  expect((await followed(postgres.address, store(), own)).missing).toHaveLength(3);
  expect(ids(began).filter((id) => id === 'bad')).toHaveLength(3);
  stop.abort();
  expect(await working).toBe(1);
});

test('what fails once or twice is done all the same', async () => {
  let failures = 2;
  does('shaky', () => {
    if (failures-- > 0) throw new Error('not yet');
  });
  const own = await announced(postgres.address, [job('shaky')] as Job[]);
  const working = worker(at('cache'), own, { signal: stop.signal });
  const { missing, counts } = await followed(postgres.address, store(), own);
  expect(missing).toEqual([]);
  expect(counts.done).toBe(1);
  stop.abort();
  await working;
});

test('two who hand the same plan out do no harm', async () => {
  const jobs = Array.from({ length: 30 }, (_, i) => job(`${i}`));
  const own = await announced(postgres.address, jobs as Job[]);
  const working = worker(at('cache'), own, { signal: stop.signal });
  const both = await Promise.all([followed(postgres.address, store(), own), followed(postgres.address, store(), own)]);
  expect(both.map(({ counts }) => counts.done)).toEqual([30, 30]);
  stop.abort();
  expect(await working).toBe(30);
  expect(began).toHaveLength(30);
});

test('two jobs that are one and the same are done once, for all that need either', async () => {
  const run = `${folder} same`;
  const [a, b] = ['a', 'b'].map((id) => adds({ id, inputs: { terms: [], run } }));
  const own = await announced(postgres.address, [a, b, job('needs a', [a]), job('needs b', [b, a])] as Job[]);
  const working = worker(at('cache'), own, { signal: stop.signal });
  const { counts } = await followed(postgres.address, store(), own);
  expect(counts).toMatchObject({ done: 3, total: 3 });
  expect(ids(began).toSorted()).toEqual(['needs a', 'needs b', 'same']);
  stop.abort();
  await working;
});

test('an output that was taken from the store is made again, though the queue says that it was done', async () => {
  const lost = job('lost');
  const own = await announced(postgres.address, [lost, job('sum', [lost])] as Job[]);
  const working = worker(at('cache'), own, { signal: stop.signal });
  await followed(postgres.address, store(), own);
  await rm(store(), { recursive: true });
  const again = await followed(postgres.address, store(), own);
  expect(again.counts).toMatchObject({ done: 2, resumed: 2 });
  stop.abort();
  await working;
  // Both went back to the store: the worker had kept them.
  expect((await followed(postgres.address, store(), own)).counts.resumed).toBe(2);
});

test('--only leaves the other steps to others', async () => {
  const doubles = defineStep<{ of: Job<Numbers> }, Numbers>({
    ...{ name: 'doubles', source: import.meta.url, result: numbers },
    run: async (_context, { of }) => ({ result: { value: 2 * of.result.value } }),
  });
  const one = job('a');
  const all = await announced(postgres.address, [one, doubles({ id: 'double', inputs: { of: one } })] as Job[]);
  const events: string[] = [];
  const on = (name: string, step: string) =>
    worker(at(name), all, {
      ...{ only: [step], signal: stop.signal, name },
      onEvent: (event) => {
        if (event.event === 'job') events.push(`${name} ${event.stage}`);
      },
    });
  const working = [on('x', 'adds'), on('y', 'doubles')];
  await followed(postgres.address, store(), all);
  stop.abort();
  await Promise.all(working);
  expect(events).toEqual(['x adds', 'y doubles']);
});

test('a worker hears while it works that its job is its own no more, and gives it up', async () => {
  const hearing = Promise.withResolvers<void>();
  let runs = 0;
  does('long', async (signal) => {
    if (runs++ > 0) return hearing.promise;
    signal?.addEventListener('abort', () => hearing.resolve(), { once: true });
    await hearing.promise;
    signal?.throwIfAborted();
  });
  const own = await announced(postgres.address, [job('long')] as Job[]);
  const said: string[] = [];
  // Of plans that other tests left in the queue it says that they are none of its own.
  const isOfJob = (text: string) => text.startsWith('adds');
  const onEvent = (event: WorkEvent) => event.event === 'notice' && isOfJob(event.text) && said.push(event.text);
  const following = followed(postgres.address, store(), own);
  const working = worker(at('w'), own, { signal: stop.signal, onEvent });
  while (runs === 0) await pause(20);
  await givenAway(own.plan);
  await following;
  stop.abort();
  // It took it anew, as any other might have.
  expect([await working, runs]).toEqual([1, 2]);
  expect(said).toEqual([expect.stringContaining('adds long was given to another worker')]);
}, 20_000);

/** Whoever works on the jobs of a plan is held for gone, as if its machine had frozen a minute ago. */
async function givenAway(plan: string): Promise<void> {
  await postgres.sql("UPDATE atlas.job SET heartbeat_on = now() - interval '1 minute' WHERE state = 'active'");
  const queue = await openQueue(postgres.address);
  await queue.boss.supervise(`plan/${plan}`);
  await queue.close();
}

test('a worker that was not heard of loses its job to another, and what it says later changes nothing', async () => {
  let release = () => {};
  const hanging = new Promise<void>((resolve) => {
    release = resolve;
  });
  let runs = 0;
  does('slow', async () => {
    if (runs++ === 0) return hanging;
    // The first one goes on, and is done before this one.
    release();
    await pause(1500);
  });
  const own = await announced(postgres.address, [job('slow')] as Job[]);
  const said: string[] = [];
  const notices = (event: WorkEvent) => event.event === 'notice' && said.push(event.text);
  const following = followed(postgres.address, store(), own);
  const stuck = worker(at('stuck'), own, { signal: stop.signal, name: 'stuck', onEvent: notices });
  while (runs === 0) await pause(20);
  await givenAway(own.plan);
  const other = worker(at('other'), own, { signal: stop.signal, name: 'other' });
  const progress = await following;
  stop.abort();
  expect(await stuck).toBe(0);
  expect(await other).toBe(1);
  expect(progress.counts.done).toBe(1);
  expect(said).toContainEqual(expect.stringContaining('adds slow was given to another worker'));
  const [row] = await postgres.sql<{ state: string; worker: string }>(
    "SELECT state, output->>'worker' AS worker FROM atlas.job WHERE name = $1",
    [`plan/${own.plan}`],
  );
  expect(row).toEqual({ state: 'completed', worker: 'other' });
});

describe('what goes first', () => {
  test('is the first of the longest chain, and among equals what is planned first', () => {
    const work = (gradients: number) => ({ ...noWork, gradients });
    const craft = job('craft', [], work(1000));
    const short = job('short', [], work(10));
    const noise = job('noise');
    const measures = [craft, short, noise].map((need) => job(`measure ${need.id}`, [need], work(5)));
    const jobs = [noise, short, craft, ...measures] as Job[];
    const found = priorities(jobs);
    const order = jobs.toSorted((a, b) => found.get(b)! - found.get(a)!).map(({ id }) => id);
    expect(order.slice(0, 3)).toEqual(['craft', 'short', 'noise']);
    expect(order.slice(3)).toEqual(['measure craft', 'measure short', 'measure noise']);
    expect(new Set(found.values()).size).toBe(jobs.length);
  });

  test('is fetched first', async () => {
    const heavy = job('heavy', [], { ...noWork, gradients: 500 });
    const own = await announced(postgres.address, [job('light 1'), job('light 2'), heavy] as Job[]);
    const following = followed(postgres.address, store(), own);
    await pause(1000);
    const working = worker(at('cache'), own, { signal: stop.signal });
    await following;
    stop.abort();
    await working;
    expect(ids(began)).toEqual(['heavy', 'light 1', 'light 2']);
  });
});

test('what travels through the database for a job is a name, and no bytes', async () => {
  const rows = await postgres.sql<{ bytes: number }>(
    'SELECT length(data::text) + coalesce(length(output::text), 0) AS bytes FROM atlas.job',
  );
  expect(rows.length).toBeGreaterThan(many);
  expect(Math.max(...rows.map(({ bytes }) => bytes))).toBeLessThan(4096);
});

describe('the address of a queue', () => {
  test.each([
    ['mysql://x', /begins with postgres:\/\//],
    ['postgres://atlas:secret@127.0.0.1/atlas', /holds a password, .* Put it into PGPASSWORD/],
    ['postgres://127.0.0.1/atlas?password=secret', /holds a password/],
    ['postgres://atlas@127.0.0.1:9/atlas', /cannot be reached: .*ECONNREFUSED/],
  ])('%s', async (address, says) => {
    const error = await openQueue(address).then(
      () => null,
      (thrown: Error) => thrown.message,
    );
    expect(error).toMatch(says);
    expect(error).not.toContain('secret');
  });

  test('is refused with the wrong password, a database that is not there, and no right to make tables', async () => {
    const mine = process.env.PGPASSWORD;
    process.env.PGPASSWORD = 'wrong';
    await expect(openQueue(postgres.address)).rejects.toThrow(/refuses: .*Check the address, PGUSER, PGPASSWORD/);
    process.env.PGPASSWORD = mine;
    await expect(openQueue(postgres.address.replace(/atlas$/, 'nowhere'))).rejects.toThrow(/refuses: .*nowhere/);
    await postgres.sql("CREATE ROLE guest LOGIN PASSWORD 'guest'");
    await postgres.sql('CREATE DATABASE other');
    process.env.PGPASSWORD = 'guest';
    const other = postgres.address.replace('//atlas@', '//guest@').replace(/atlas$/, 'other');
    await expect(openQueue(other)).rejects.toThrow(/does not let the Atlas make its tables.*GRANT CREATE/);
    process.env.PGPASSWORD = mine;
    await postgres.sql('GRANT CREATE ON DATABASE other TO guest');
    process.env.PGPASSWORD = 'guest';
    await (await openQueue(other)).close();
    process.env.PGPASSWORD = mine;
    // Or somebody makes the schema for it, and nothing else.
    await postgres.sql('REVOKE CREATE ON DATABASE atlas FROM guest');
    await postgres.sql('CREATE DATABASE third');
    await postgres.sql('CREATE SCHEMA atlas AUTHORIZATION guest', [], 'third');
    process.env.PGPASSWORD = 'guest';
    await (await openQueue(other.replace(/other$/, 'third'))).close();
    process.env.PGPASSWORD = mine;
  });

  test('may leave everything to the environment', async () => {
    const { hostname, port, username } = new URL(postgres.address);
    const mine = { ...process.env };
    Object.assign(process.env, { PGHOST: hostname, PGPORT: port, PGUSER: username, PGDATABASE: 'atlas' });
    const queue = await openQueue('postgres://');
    process.env = mine;
    expect(await queue.sql('SELECT current_database() AS name', [])).toEqual([{ name: 'atlas' }]);
    await queue.close();
  });
});

test('the queue is in no code that a result depends on, and is loaded by nothing but its own commands', async () => {
  const codes = await CodeReader.open();
  for (const file of await readdir(join(root, 'batch/studies/steps'))) {
    const { files, packages } = codes.of([`batch/studies/steps/${file}`]);
    expect(Object.keys(packages), file).not.toContain('pg-boss');
    expect(
      files.filter((one) => one.startsWith('batch/queue/')),
      file,
    ).toEqual([]);
  }
});

test('workers do every step that needs no file of the study', async () => {
  const sources = await Promise.all(
    [
      ...(await readdir(join(root, 'batch/studies/steps'))).map((file) => `studies/steps/${file}`),
      'analyses/finding.ts',
    ].map((file) => readFile(join(root, 'batch', file), 'utf8')),
  );
  const steps = sources.flatMap((source) => {
    const [, name] = /defineStep<[\s\S]*?name: '(\w+)'/.exec(source) ?? [];
    return name && !source.includes('isLocal: true') ? [name] : [];
  });
  expect([...handedOutSteps].sort()).toEqual(steps.sort());
});
