/**
 * `npm run bench:scale`: what many machines cost, beside a real Postgres and the store of this machine.
 *
 *     --only cost      what a job costs beyond its work, all round trips of one worker; store: a folder, or a bucket
 *     --only workers   jobs that sleep 200 ms, by 1, 2, 4, 8, 16 workers, each a process, beside as many times one
 *     --only bytes     what travels between Postgres and all who talk to it, for a job; 100, 1,000 and 10,000 of them
 *     --only study     a study by two workers of one thread beside one process of two threads; --study <file>
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { announce, follow, openQueue, Patience, QueueProgress, SharedStore } from '../batch/queue/index.ts';
import { runStudy } from '../batch/studies/index.ts';
import { openPostgres } from '../test/support/postgres.ts';
import { openLocalS3 } from '../test/support/s3.ts';
import { sleepers } from './scale/jobs.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: 'cost,workers,bytes,study' },
    jobs: { type: 'string', default: '100,1000,10000' },
    study: { type: 'string', default: 'test/fixtures/tiny-study.json' },
  },
});
const only = values.only.split(',');
const root = fileURLToPath(new URL('..', import.meta.url));
const folder = await mkdtemp(join(tmpdir(), 'atlas-scale-'));
const postgres = await openPostgres();
let measurements = 0;

/** Jobs done by workers, and what was seen of it. */
interface Measured {
  /** When each was done, in milliseconds; by worker. */
  done: number[][];
  memory: number[];
  plannerMemory: number;
}

interface Wanted {
  count: number;
  milliseconds: number;
  workers: number;
  store?: string;
  /** Of the queue, where it is not Postgres' own. */
  address?: string;
}

async function measured({ count, milliseconds, workers, ...of }: Wanted): Promise<Measured> {
  const { store: storeAddress = join(folder, `store${measurements}`), address = postgres.address } = of;
  const run = `run ${process.pid} ${measurements++}`;
  await postgres.sql('DROP SCHEMA IF EXISTS atlas CASCADE');
  const queue = await openQueue(address);
  const own = await sleepers(count, milliseconds, run);
  const said = { plan: own.plan, source: '', study: 'bench', provider: 'cpu', commit: '', jobs: count, effort: {} };
  await announce(queue, said);
  const seen: Measured = { done: [], memory: [], plannerMemory: 0 };
  const started = Array.from({ length: workers }, (_, i) =>
    startWorker([address, storeAddress, join(folder, `cache${measurements}.${i}`), count, milliseconds, run], seen),
  );
  // All have started before the first job is there.
  await Promise.all(started.map(({ ready }) => ready));
  await new Promise((resolve) => setTimeout(resolve, 2500));
  const progress = new QueueProgress([...own.jobs.values()], () => {});
  const store = SharedStore.open(storeAddress);
  const isThere = (name: string) => store.has(name);
  await follow({ queue, own, there: new Set(), isThere, progress, patience: new Patience(console.error) });
  seen.plannerMemory = process.memoryUsage().rss;
  for (const { child } of started) child.kill('SIGTERM');
  await Promise.all(started.map(({ ended }) => ended));
  await queue.close();
  return seen;
}

function startWorker(args: (string | number)[], seen: Measured) {
  const script = fileURLToPath(new URL('scale/worker.ts', import.meta.url));
  const child: ChildProcess = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', script, ...args.map(String)],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  let becomeReady = () => {};
  const ready = new Promise<void>((resolve) => {
    becomeReady = resolve;
  });
  const done: number[] = [];
  seen.done.push(done);
  let rest = '';
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() as string;
    for (const line of lines) {
      if (line === 'ready') becomeReady();
      else if (line.startsWith('memory ')) seen.memory.push(Number(line.slice(7)));
      else done.push(Number(line));
    }
  });
  const ended = new Promise((resolve) => child.on('close', resolve));
  return { child, ready, ended };
}

const quantile = (values: number[], q: number) =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(q * values.length))];
const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;

async function cost(): Promise<void> {
  console.log('\nWhat a job costs beyond its work (one worker, 300 jobs that do nothing and leave 40 kB)');
  const s3 = await openLocalS3();
  Object.assign(process.env, s3.credentials, { AWS_ENDPOINT_URL: new URL('.', s3.bucket).href });
  for (const [what, store] of [
    ['store in a folder', undefined],
    ['store in a local bucket', 's3://perturbation-atlas/scale'],
  ] as const) {
    const {
      done: [done],
    } = await measured({ count: 300, milliseconds: 0, workers: 1, store });
    const between = done.slice(1).map((at, i) => at - done[i]);
    console.log(`  ${what}: median ${quantile(between, 0.5)} ms, 95 % under ${quantile(between, 0.95)} ms`);
  }
  await s3.close();
}

async function byWorkers(): Promise<void> {
  const milliseconds = 200;
  console.log(`\nJobs that sleep ${milliseconds} ms, 40 for each worker, while all of them work: jobs a second`);
  let one = 0;
  for (const workers of [1, 2, 4, 8, 16]) {
    const { done, memory, plannerMemory } = await measured({ count: 40 * workers, milliseconds, workers });
    // Whoever found the first job last has begun, and nobody has found none.
    const from = Math.max(...done.map((times) => times[0]));
    const to = Math.min(...done.map((times) => times[times.length - 1]));
    const rate = (1000 * done.flat().filter((time) => time > from && time <= to).length) / (to - from);
    if (workers === 1) one = rate;
    const memories = `worker ${megabytes(Math.max(...memory))}, run ${megabytes(plannerMemory)}`;
    console.log(
      `  ${String(workers).padStart(2)} workers: ${rate.toFixed(1)} a second, ${(rate / one / workers).toFixed(2)} of linear (${memories})`,
    );
  }
}

/** Stands before Postgres and counts bytes of both directions. */
async function counted(): Promise<{ address: string; bytes: () => number; server: Server }> {
  const { hostname, port } = new URL(postgres.address);
  let bytes = 0;
  const server = createServer((incoming) => {
    const outgoing = connect(Number(port), hostname);
    for (const [from, to] of [
      [incoming, outgoing],
      [outgoing, incoming],
    ]) {
      from.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        to.write(chunk);
      });
      from.on('close', () => to.destroy());
      from.on('error', () => to.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = new URL(postgres.address);
  address.port = String((server.address() as { port: number }).port);
  return { address: address.href, bytes: () => bytes, server };
}

async function bytes(): Promise<void> {
  console.log('\nBytes between Postgres and all who talk to it (four workers, jobs that do nothing)');
  for (const count of values.jobs.split(',').map(Number)) {
    const { address, bytes, server } = await counted();
    const began = performance.now();
    const { memory, plannerMemory } = await measured({ count, milliseconds: 0, workers: 4, address });
    const seconds = (performance.now() - began) / 1000;
    console.log(
      `  ${count} jobs: ${(bytes() / 1e6).toFixed(2)} MB, ${Math.round(bytes() / count)} bytes a job, ${seconds.toFixed(0)} s (worker ${megabytes(Math.max(...memory))}, run ${megabytes(plannerMemory)})`,
    );
    server.close();
  }
}

async function study(): Promise<void> {
  console.log(`\n${values.study}: two workers of one thread beside one process of two threads`);
  const began = performance.now();
  const options = { study: join(root, values.study), provider: 'cpu' as const };
  const alone = await runStudy({ ...options, out: join(folder, 'alone'), workers: 2 });
  const one = (performance.now() - began) / 1000;
  await postgres.sql('DROP SCHEMA IF EXISTS atlas CASCADE');
  const addresses = ['--queue', postgres.address, '--store', join(folder, 'shared')];
  const atlas = (...args: string[]) => spawn(process.execPath, [join(root, 'bin/atlas.mjs'), ...args, ...addresses]);
  const workers = [1, 2].map((i) => atlas('work', '--workers', '1', '--cache', join(folder, `worker${i}`)));
  await new Promise((resolve) => setTimeout(resolve, 4000));
  const again = performance.now();
  const run = atlas('run', options.study, '--out', join(folder, 'many'), '--provider', 'cpu', '--json');
  let text = '';
  run.stdout.on('data', (more) => {
    text += more;
  });
  const code = await new Promise((resolve) => run.on('close', resolve));
  const many = (performance.now() - again) / 1000;
  for (const worker of workers) worker.kill('SIGINT');
  const { version } = JSON.parse(text.trimEnd().split('\n').at(-1) as string);
  console.log(
    `  one process ${one.toFixed(1)} s, on the queue ${many.toFixed(1)} s: ${(many / one).toFixed(2)} times (exit ${code}, ${version === alone.version ? 'the same release' : 'ANOTHER RELEASE'})`,
  );
}

try {
  if (only.includes('cost')) await cost();
  if (only.includes('workers')) await byWorkers();
  if (only.includes('bytes')) await bytes();
  if (only.includes('study')) await study();
} finally {
  await postgres.close();
  await rm(folder, { recursive: true, force: true });
}
process.exit();
