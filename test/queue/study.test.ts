import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { random } from '#shared/synthetic';
import { verifyRelease } from '../../batch/publish/index.ts';
import { runQueued } from '../../batch/queue/index.ts';
import { runStudy } from '../../batch/studies/index.ts';
import { atlas, startAtlas } from '../cli/atlas.ts';
import { writeSmallStudy } from '../studies/small-study.ts';
import { differing } from '../support/folders.ts';
import { openPostgres, type Postgres } from '../support/postgres.ts';
import { openLocalS3, proxy } from '../support/s3.ts';
import { tinyModel } from '../support/tiny-model.ts';

/** Kills of the test of kills; more of them with this set. */
const kills = Number(process.env.ATLAS_QUEUE_KILLS ?? 3);

interface Alone {
  version: string;
  release: string;
}

let postgres: Postgres;
let s3: Awaited<ReturnType<typeof openLocalS3>>;
let folder: string;
/** What the study comes to in one process. */
let alone: Alone;
const perturbations = [
  { attack: 'sgd-uap', epsilon: 20, budget: { gradients: 6000 } },
  { attack: 'noise', epsilon: 20 },
];
let running: ReturnType<typeof startAtlas>[] = [];

beforeAll(async () => {
  [postgres, s3] = await Promise.all([openPostgres(), openLocalS3()]);
  folder = await mkdtemp(join(tmpdir(), 'atlas-queue-'));
  const study = await writeSmallStudy(folder, { perturbations });
  alone = await runStudy({ study, out: join(folder, 'alone'), provider: 'cpu', workers: 1 });
});
afterAll(async () => {
  await postgres?.close();
  await s3?.close();
  await rm(folder, { recursive: true, force: true });
});

/** Of a test alone: its store, outputs and caches; and a study whose plan is its own, by its number of gradients. */
let at: string;
let number = 0;
beforeEach(() => {
  at = join(folder, `test${number++}`);
  running = [];
});
afterEach(async () => {
  for (const { child } of running) kill(child.pid, 'SIGKILL');
  await Promise.all(running.map(({ ended }) => ended));
  // The next test begins with an empty queue.
  await postgres.sql('DELETE FROM atlas.job');
});

function kill(pid: number | undefined, signal: NodeJS.Signals) {
  try {
    process.kill(-(pid as number), signal);
  } catch {
    // It has ended.
  }
}

const study = () => join(folder, 'study.json');
const addresses = (store = join(at, 'store')) => ['--queue', postgres.address, '--store', store];

function start(args: string[], env: Record<string, string> = {}) {
  const started = startAtlas(args, { env: { ...postgres.env, ...env } });
  running.push(started);
  return started;
}

let caches = 0;
const startWorker = (more: string[] = [], { store, env }: { store?: string; env?: Record<string, string> } = {}) =>
  start(
    ['work', ...addresses(store), '--workers', '1', '--json', '--cache', join(at, `cache${caches++}`), ...more],
    env,
  );
interface RunAt {
  study?: string;
  store?: string;
  env?: Record<string, string>;
}
const startRun = (more: string[] = [], { study: path = study(), store, env }: RunAt = {}) =>
  start(
    [
      'run',
      path,
      ...addresses(store),
      '--out',
      join(at, 'out'),
      '--provider',
      'cpu',
      '--json',
      '--heartbeat',
      '10',
    ].concat(more),
    env,
  );

const eventsOf = (stdout: string) =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

/** The release of a run on the queue is that of one process, but for when and where it was made. */
async function expectSame(stdout: string, alone: Alone): Promise<void> {
  const done = eventsOf(stdout).at(-1);
  expect(done).toMatchObject({ event: 'done', version: alone.version });
  const different = await differing(alone.release, done.release);
  const when = [`releases/${alone.version}/manifest.json`, `releases/${alone.version}/run.json`];
  // latest.json has the hash of the manifest, which has `created` and lists run.json.
  expect(different).toEqual(['latest.json', ...when]);
  const manifests = await Promise.all(
    [alone.release, done.release].map(async (release) => JSON.parse(await readFile(join(release, when[0]), 'utf8'))),
  );
  const files = manifests.map((manifest) => manifest.files.filter((file: { key: string }) => file.key !== when[1]));
  expect(files[0]).toEqual(files[1]);
  expect((await verifyRelease(done.release)).problems).toEqual([]);
}

test('three workers make the release of one process, through a bucket, and events say who did what', async () => {
  const store = 's3://perturbation-atlas/queue';
  const env = { ...s3.credentials, AWS_ENDPOINT_URL: new URL('.', s3.bucket).href };
  const workers = [startWorker([], { store, env }), startWorker([], { store, env }), startWorker([], { store, env })];
  const run = startRun([], { store, env });
  const { code, stdout, stderr } = await run.ended;
  expect(code, stderr).toBe(0);
  await expectSame(stdout, alone);
  const jobs = eventsOf(stdout).filter(({ event }) => event === 'job');
  expect(jobs.at(-1)).toMatchObject({ stage: 'release', done: jobs.length, total: jobs.length });
  const who = new Set(jobs.filter(({ stage }) => stage === 'craft').map(({ worker }) => worker));
  expect(who.size).toBeGreaterThan(1);
  // What reads the study's files is done where they are.
  expect(jobs.filter(({ stage }) => stage === 'prepare').map(({ worker }) => worker)).toEqual([undefined, undefined]);
  for (const { child } of workers) kill(child.pid, 'SIGINT');
  const said = await Promise.all(workers.map(({ ended }) => ended));
  expect(said.map(({ code }) => code)).toEqual([130, 130, 130]);
  const all = [stderr, stdout, ...said.flatMap((one) => [one.stdout, one.stderr])].join('\n');
  for (const secret of [postgres.env.PGPASSWORD, s3.credentials.AWS_SECRET_ACCESS_KEY])
    expect(all).not.toContain(secret);
  // All of it is there: nothing is done again, and no worker is needed for that.
  const again = await startRun(['--out', join(at, 'again')], { store, env }).ended;
  expect(again.code).toBe(0);
  await expectSame(again.stdout, alone);
  const { done, total, resumed } = eventsOf(again.stdout).at(-1);
  expect(total - resumed).toBe(jobs.filter(({ worker }) => worker === undefined).length);
  expect(done).toBe(total);
}, 60_000);

test(`${kills} kills of workers and of the run at random moments: the release is the same`, async () => {
  const draw = random(Number(process.env.ATLAS_QUEUE_SEED ?? 1), 'kills');
  // Enough of it that there is something to kill until the end.
  const seeds = Array.from({ length: Math.ceil(kills / 2) }, (_, i) => i + 1);
  const path = await writeSmallStudy(join(folder, 'kills'), { perturbations: [{ ...perturbations[0], seeds }] });
  const expected = await runStudy({ study: path, out: join(at, 'alone'), provider: 'cpu', workers: 1 });
  const run = () => startRun([], { study: path });
  const workers = [startWorker(), startWorker()];
  let planner = run();
  for (let i = 0; i < kills; i++) {
    await pause(300 + draw.below(2200));
    const victim = draw.below(3);
    const { child, ended } = victim === 2 ? planner : workers[victim];
    kill(child.pid, 'SIGKILL');
    await ended;
    if (victim === 2) planner = run();
    else workers[victim] = startWorker();
  }
  const { code, stdout, stderr } = await planner.ended;
  expect(code, stderr).toBe(0);
  await expectSame(stdout, expected);
}, 600_000);

test('Postgres stops and starts, the bucket refuses for a while: all wait, say so once, and go on', async () => {
  let refuses = false;
  const front = await proxy(s3, () => (refuses ? 503 : null));
  const env = { ...s3.credentials, AWS_ENDPOINT_URL: new URL('.', front.url).href };
  const store = 's3://perturbation-atlas/refusing';
  try {
    const worker = startWorker([], { store, env });
    const run = startRun([], { store, env });
    await crafting(worker);
    refuses = true;
    await postgres.stop();
    await pause(6000);
    await postgres.start();
    await pause(4000);
    refuses = false;
    const { code, stdout, stderr } = await run.ended;
    expect(code, stderr).toBe(0);
    await expectSame(stdout, alone);
    const notices = eventsOf(stdout).flatMap(({ event, text }) => (event === 'notice' ? [text] : []));
    expect(notices.filter((text: string) => text.startsWith('The database cannot be used'))).toHaveLength(1);
    expect(notices.filter((text: string) => text.startsWith('The database is back'))).toHaveLength(1);
    kill(worker.child.pid, 'SIGINT');
    const said = eventsOf((await worker.ended).stdout).map(({ text = '' }) => text);
    expect(said.filter((text) => /^The store cannot be used now .*503.*Waiting/.test(text))).toHaveLength(1);
    expect(said.filter((text) => text.startsWith('The store is back'))).toHaveLength(1);
    // Nothing was done twice: each output was made by the one attempt that there was.
    const [{ most }] = await postgres.sql<{ most: number }>('SELECT max(retry_count) AS most FROM atlas.job');
    expect(most).toBe(0);
  } finally {
    front.close();
  }
}, 90_000);

/** Waits until a worker is at a craft on a model, and where asked for at its gradients. */
async function crafting({ child }: ReturnType<typeof startAtlas>, unit = ''): Promise<void> {
  await new Promise<void>((resolve) => {
    let text = '';
    child.stdout.on('data', (more: string) => {
      text += more;
      if (text.split('\n').some((line) => line.includes('"progress","stage":"craft"') && line.includes(unit)))
        resolve();
    });
  });
}

describe('a craft that is interrupted', () => {
  test('is given back with what there is so far, and another machine goes on from there to the same bytes', async () => {
    // One craft that takes some seconds.
    const long = await writeSmallStudy(join(folder, 'long'), {
      perturbations: [{ attack: 'sgd-uap', epsilon: 20, surrogates: ['linear1'], budget: { gradients: 60_000 } }],
      analyses: ['transfer'],
    });
    const expected = await runStudy({ study: long, out: join(at, 'alone'), provider: 'cpu', workers: 1 });
    const first = startWorker();
    const run = start(['run', long, ...addresses(), '--out', join(at, 'out'), '--provider', 'cpu', '--json']);
    await crafting(first, 'gradients');
    await pause(300);
    kill(first.child.pid, 'SIGINT');
    expect((await first.ended).code).toBe(130);
    const checkpoints = await readdir(join(at, 'store', 'checkpoints'));
    expect(checkpoints).toEqual([expect.stringMatching(/^craft-/)]);
    const second = startWorker();
    const { code, stdout } = await run.ended;
    expect(code).toBe(0);
    expect(eventsOf(stdout).at(-1).version).toBe(expected.version);
    kill(second.child.pid, 'SIGINT');
    const progress = eventsOf((await second.ended).stdout).filter(
      ({ event, stage, item }) => event === 'progress' && stage === 'craft' && item.unit === 'gradients',
    );
    expect(progress[0].item.done).toBeGreaterThan(500);
    expect(existsSync(join(at, 'store', 'checkpoints', checkpoints[0]))).toBe(false);
  }, 60_000);
});

describe('a worker that cannot do the jobs of a study says why, and takes none', () => {
  let stop: AbortController;
  let planning: Promise<unknown>;
  beforeEach(async () => {
    stop = new AbortController();
    planning = runQueued({
      ...{ study: study(), queue: postgres.address, store: join(at, 'store'), out: join(at, 'out') },
      ...{ provider: 'cpu', signal: stop.signal },
    }).catch(() => {});
    for (let plans = 0; plans === 0; await pause(100)) {
      plans = (await postgres.sql("SELECT id FROM atlas.job WHERE name LIKE 'plan/%'")).length;
    }
  });
  afterEach(async () => {
    stop.abort();
    await planning;
  });

  test.each<[string, string[], RegExp]>([
    ['another provider', ['--provider', 'cuda'], /it is done on cpu, and this worker runs on cuda/],
    ['another store', ['--store', join(tmpdir(), 'atlas-no-such-store')], /its study is not in the store/],
  ])(
    '%s',
    async (_what, more, says) => {
      const { code, stdout } = await startWorker(['--idle', '1s', ...more]).ended;
      expect(code).toBe(0);
      const events = eventsOf(stdout);
      expect(events[0]).toMatchObject({ event: 'notice', text: expect.stringMatching(says) });
      expect(events.at(-1)).toMatchObject({ event: 'done', done: 0 });
    },
    30_000,
  );

  test('other code', async () => {
    // As a run with other code announces it.
    await postgres.sql(
      `UPDATE atlas.job SET data = jsonb_set(data, '{plan}', '"0123456789abcdef"') WHERE name = 'plans'`,
    );
    const { code, stdout } = await startWorker(['--idle', '1s']).ended;
    expect(code).toBe(0);
    expect(eventsOf(stdout)[0].text).toMatch(
      /None of the jobs of small is taken: it was planned by other code \(commit [0-9a-f]+.*\).*Check that commit out/,
    );
  }, 30_000);
});

test('a craft that can never be done is said with why, the rest is done, and `atlas jobs` shows and retries it', async () => {
  const lame = join(folder, 'lame');
  const path = await writeSmallStudy(lame, { perturbations: [perturbations[0]], analyses: ['transfer'] });
  const { bytes, sha256 } = tinyModel({ seed: 2, hasGradient: false });
  await writeFile(join(lame, 'linear2.onnx'), bytes);
  const card = JSON.parse(await readFile(join(lame, 'linear2.json'), 'utf8'));
  const source = { ...card.source, sha256, bytes: bytes.byteLength };
  await writeFile(join(lame, 'linear2.json'), JSON.stringify({ ...card, source }));
  startWorker();
  const args = ['run', path, ...addresses(), '--out', join(at, 'out'), '--provider', 'cpu'];
  const { code, stdout, stderr } = await start(args).ended;
  expect(code).toBe(1);
  expect(stdout).toMatch(/craft +linear2\.sgd-uap\.inf20\.s1 +There is no gradient rule for the Shrink node "shrink"/);
  expect(stdout).toMatch(/analyse +transfer +needs craft linear2\.sgd-uap/);
  expect(stderr).toMatch(
    /atlas: \d+ jobs of small are missing, so there is no release: 1 failed, such as craft linear2/,
  );

  const jobs = async (...more: string[]) => {
    const ran = await start(['jobs', '--queue', postgres.address, '--json', ...more]).ended;
    return { code: ran.code, stderr: ran.stderr, ...JSON.parse(ran.stdout || 'null') };
  };
  const { plans, jobs: failed } = await jobs('--failed', '--study', 'small');
  expect(failed).toEqual([
    expect.objectContaining({
      ...{ step: 'craft', id: 'linear2.sgd-uap.inf20.s1', state: 'failed', share: null },
      ...{ error: expect.stringContaining('Shrink'), worker: expect.stringMatching(/ \d+$/) },
    }),
  ]);
  // What does not need it was done; what does was never handed out.
  expect(plans).toEqual([expect.objectContaining({ study: 'small', failed: 1, running: 0, waiting: 0 })]);
  expect(plans[0].done).toBeGreaterThan(8);
  expect(plans[0].done + plans[0].failed + plans[0].later).toBe(plans[0].jobs);
  expect(await jobs('--study', 'nothing')).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/No study nothing/),
  });

  for (const { child } of running) kill(child.pid, 'SIGKILL');
  expect((await jobs('--retry')).retried).toBe(1);
  const text = await start(['jobs', '--queue', postgres.address]).ended;
  expect(text.stdout).toMatch(
    /^small \(plan [0-9a-f]{16}, on cpu\): \d+ of \d+ jobs done, 0 running, 1 waiting, .* 0 failed/,
  );
  expect(text.stdout).toMatch(/small +craft +linear2\.sgd-uap\.inf20\.s1 +waiting/);
}, 60_000);

test('--queue without --store, an unknown step, and a queue that is not there are said at once', async () => {
  const ran = await Promise.all([
    atlas(['run', study(), '--queue', postgres.address]),
    atlas(['run', study(), ...addresses(), '--fresh']),
    atlas(['work', ...addresses(), '--only', 'craft,meassure']),
    atlas(['work', '--queue', 'postgres://127.0.0.1:9/atlas', '--store', at]),
  ]);
  expect(ran.map(({ code }) => code)).toEqual([2, 2, 2, 1]);
  expect(ran[0].stderr).toMatch(/--queue and --store go together.*Give --store too/);
  expect(ran[1].stderr).toMatch(/with --queue others have a part in it\. Give another --store/);
  expect(ran[2].stderr).toMatch(/"meassure" is no step that workers do\. Did you mean "measure"\?/);
  expect(ran[3].stderr).toMatch(/The queue's database cannot be reached: .*ECONNREFUSED/);
}, 30_000);
