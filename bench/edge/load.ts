import { startWorker } from '../../test/support/worker.ts';
import type { ask } from './client.ts';
import { workerdUsage } from './processes.ts';
import { printGoal, printTable, show } from './statistics.ts';

type Request = () => ReturnType<typeof ask>;

/** Requests a second, by how many ask at once. */
export async function throughput(request: Request, seconds: number): Promise<void> {
  const rows: string[][] = [];
  for (const connections of [1, 4, 16]) {
    const until = performance.now() + 1000 * seconds;
    let answered = 0;
    const started = performance.now();
    const lane = async () => {
      while (performance.now() < until) {
        await request();
        answered++;
      }
    };
    await Promise.all(Array.from({ length: connections }, lane));
    rows.push([`${connections} connections`, show((1000 * answered) / (performance.now() - started))]);
  }
  console.log('\nrequests a second, clean + perturbed, one isolate');
  printTable(['', 'requests/s'], rows);
}

/**
 * MiB by which workerd grows over a thousand requests that do nothing: the local runtime keeps something of each. NaN
 * where it cannot be told.
 */
async function growthOfNothing(body: Uint8Array<ArrayBuffer>, requests: number): Promise<number> {
  const worker = await startWorker({ main: 'bench/edge/empty-worker.ts' });
  try {
    const ask = async (times: number) => {
      for (let i = 0; i < times; i++) await (await fetch(`${worker.url}/api/`, { method: 'POST', body })).arrayBuffer();
      return mebibytes(workerdUsage()?.memory);
    };
    const before = await ask(Math.ceil(requests / 4));
    return ((await ask(requests)) - before) / (requests / 1000);
  } finally {
    await worker.dispose();
  }
}

const mebibytes = (bytes: number | undefined) => (bytes ?? Number.NaN) / 2 ** 20;

/** Memory after many requests. */
export async function endure(request: Request, body: Uint8Array<ArrayBuffer>, requests: number): Promise<void> {
  const nothing = await growthOfNothing(body, Math.min(requests, 2000));
  const marks = [0.1, 0.25, 0.5, 0.75, 1].map((share) => Math.max(1, Math.round(share * requests)));
  const seen: { done: number; wasm: number; memory: number }[] = [];
  let begun = 0;
  let done = 0;
  const lane = async () => {
    while (begun < requests) {
      begun++;
      const { wasm } = await request();
      done++;
      if (!marks.includes(done)) continue;
      const memory = mebibytes(workerdUsage()?.memory);
      seen.push({ done, wasm, memory });
      console.error(`  ${done} of ${requests}: wasm ${wasm} MiB, workerd ${show(memory, 0)} MiB`);
    }
  };
  await Promise.all([lane(), lane()]);
  console.log(`\nmemory over ${requests} requests, MiB (workerd: the whole process, with the emulated bucket in it)`);
  printTable(
    ['requests', 'wasm', 'workerd'],
    seen.map(({ done, wasm, memory }) => [String(done), String(wasm), show(memory, 0)]),
  );
  const [first, last] = [seen[0], seen.at(-1)!];
  const thousands = (last.done - first.done) / 1000;
  const growth = (last.memory - first.memory) / thousands;
  printGoal('WebAssembly memory is flat', `${first.wasm} to ${last.wasm} MiB`, last.wasm <= first.wasm);
  printGoal(
    'process memory is flat, beside a Worker that does nothing',
    `${show(growth, 0)} MiB for a thousand requests, ${show(nothing, 0)} where nothing is done`,
    Number.isNaN(growth) || growth <= nothing + 10,
  );
}
