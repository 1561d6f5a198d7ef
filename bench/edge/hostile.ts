import { setTimeout as sleep } from 'node:timers/promises';
import { sendHostile } from '../../test/support/hostile.ts';
import { ask } from './client.ts';
import { startDirect } from './direct.ts';
import { workerdUsage } from './processes.ts';
import { mean, median, printGoal, printTable, quantile, show } from './statistics.ts';

const CONNECTIONS = 16;
const SHARES = { slow: 0.05, large: 0.05 };
/** Ordinary requests are asked this often, whatever else goes on. */
const EVERY_MS = 250;

interface Options {
  release: string;
  photo: Uint8Array<ArrayBuffer>;
  seed: number;
  count: number;
}

/** Hostile uploads, and what becomes of memory and of ordinary requests while they come. */
export async function attack({ release, photo, seed, count }: Options): Promise<void> {
  const nothing = await growthOfNothing(seed, Math.min(2000, count));
  const worker = await startDirect({ release });
  try {
    const clean = await ask(worker.url, photo, {});
    const alone = await ordinary(worker.url, photo, (done) => done >= 30);
    const busyWith = await beside(worker.url, photo, async () => {
      const until = performance.now() + 10_000;
      const lane = async () => {
        while (performance.now() < until) await ask(worker.url, photo, {}).catch(() => undefined);
      };
      await Promise.all(Array.from({ length: CONNECTIONS }, lane));
    });

    const marks: { done: number; memory: number }[] = [];
    let sent: Awaited<ReturnType<typeof sendHostile>> | undefined;
    const started = performance.now();
    const attacked = await beside(worker.url, photo, async () => {
      sent = await sendHostile(worker.url, {
        ...SHARES,
        seed,
        count,
        lanes: CONNECTIONS,
        onProgress: (done) => {
          if (done % Math.ceil(count / 10) !== 0 && done !== count) return;
          marks.push({ done, memory: mebibytes() });
          console.error(`  ${done} of ${count}: workerd ${show(mebibytes(), 0)} MiB`);
        },
      });
    });
    const seconds = (performance.now() - started) / 1000;
    const { faults, statuses } = sent!;
    const after = await ask(worker.url, photo, {});

    const answers = [...statuses].toSorted(([a], [b]) => a - b).map(([status, times]) => `${status}: ${times}`);
    console.log(
      `\n${count} hostile uploads in ${show(seconds, 0)} s, seed ${seed}, ${CONNECTIONS} connections; answers by status: ${answers.join(', ')}`,
    );
    for (const { kind, index, status, answer } of faults.slice(0, 10))
      console.log(`  upload ${index} (${kind}): ${status || 'no answer'} ${answer}`);
    console.log('\nordinary requests, clean + perturbed, milliseconds');
    printTable(
      ['', 'asked', 'answered', 'p50', 'p90', 'waiting'],
      [row('alone', alone), row('beside ordinary ones', busyWith), row('beside hostile ones', attacked)],
    );

    console.log('');
    printGoal('no 5xx but 503 with Retry-After, no hang', `${faults.length} of ${count}`, faults.length === 0);
    // What was in use before: one decoder. What may be in use after: all three, each kept for as long as they are
    // small.
    printGoal('WebAssembly memory within 96 MiB', `${clean.wasm} to ${after.wasm} MiB`, after.wasm <= 96);
    const growth = growthOf(marks);
    printGoal(
      'process memory is flat, beside a Worker that does nothing',
      `${marks.map(({ memory }) => show(memory, 0)).join(', ')} MiB: ${show(growth, 0)} MiB for a thousand, ${show(nothing, 0)} where nothing is done`,
      Number.isNaN(growth) || growth <= nothing + 10,
    );
    const ratio = median(attacked.times) / median(alone.times);
    printGoal('ordinary requests within twice their time', `${show(ratio, 2)} (p50)`, ratio <= 2);
    const same = JSON.stringify(after.answer.clean) === JSON.stringify(clean.answer.clean);
    printGoal('a photo is read as before', after.answer.clean[0].label, same);
  } finally {
    await worker.dispose();
  }
}

interface Ordinary {
  asked: number;
  /** Milliseconds of those that were answered. */
  times: number[];
  /** Those of them in which they waited for their turn in the Worker. */
  waits: number[];
}

/** Asks again and again, one at a time. */
async function ordinary(
  url: string,
  photo: Uint8Array<ArrayBuffer>,
  enough: (asked: number) => boolean,
): Promise<Ordinary> {
  const seen: Ordinary = { asked: 0, times: [], waits: [] };
  while (!enough(seen.asked)) {
    seen.asked += 1;
    const answer = await ask(url, photo, {}).catch(() => undefined);
    if (answer) {
      seen.times.push(answer.milliseconds);
      seen.waits.push(answer.answer.timings.wait);
    }
    await sleep(EVERY_MS);
  }
  return seen;
}

/** Ordinary requests for as long as something else goes on. */
async function beside(url: string, photo: Uint8Array<ArrayBuffer>, load: () => Promise<void>): Promise<Ordinary> {
  let over = false;
  const asking = ordinary(url, photo, () => over);
  try {
    await load();
  } finally {
    over = true;
  }
  return await asking;
}

const row = (name: string, { asked, times, waits }: Ordinary) => [
  name,
  String(asked),
  String(times.length),
  show(median(times)),
  show(quantile(times, 0.9)),
  show(median(waits)),
];

/** MiB for a thousand, from the first half of the marks to the second: single ones differ by a large body or two. */
function growthOf(marks: { done: number; memory: number }[]): number {
  const half = Math.floor(marks.length / 2);
  const [before, after] = [marks.slice(0, half), marks.slice(half)];
  const between = (what: 'done' | 'memory') =>
    mean(after.map((mark) => mark[what])) - mean(before.map((mark) => mark[what]));
  return between('memory') / (between('done') / 1000);
}

const mebibytes = () => (workerdUsage()?.memory ?? Number.NaN) / 2 ** 20;

/** MiB by which workerd grows over a thousand of the same uploads where they are read and nothing is done. */
async function growthOfNothing(seed: number, count: number): Promise<number> {
  const worker = await startDirect({ main: 'bench/edge/empty-worker.ts' });
  try {
    const send = (more: number) =>
      sendHostile(worker.url, { seed: seed + more, count: count / 2, large: SHARES.large, lanes: CONNECTIONS });
    await send(1);
    const before = mebibytes();
    await send(2);
    return (mebibytes() - before) / (count / 2000);
  } finally {
    await worker.dispose();
  }
}
