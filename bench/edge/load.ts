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

/** Memory after many requests. */
export async function endure(request: Request, requests: number): Promise<void> {
  const marks = [0.1, 0.25, 0.5, 0.75, 1].map((share) => Math.max(1, Math.round(share * requests)));
  const seen: { done: number; wasm: number; memory: number | undefined }[] = [];
  let begun = 0;
  let done = 0;
  const lane = async () => {
    while (begun < requests) {
      begun++;
      const { wasm } = await request();
      done++;
      if (marks.includes(done)) {
        const memory = workerdUsage()?.memory;
        seen.push({ done, wasm, memory });
        console.error(`  ${done} of ${requests}: wasm ${wasm} MiB, workerd ${show(memory && memory / 2 ** 20, 0)} MiB`);
      }
    }
  };
  await Promise.all([lane(), lane()]);
  console.log(`\nmemory over ${requests} requests, MiB (workerd: the whole process, with the emulated bucket in it)`);
  printTable(
    ['requests', 'wasm', 'workerd'],
    seen.map(({ done, wasm, memory }) => [String(done), String(wasm), show(memory && memory / 2 ** 20, 0)]),
  );
  const [first, last] = [seen[0], seen.at(-1)!];
  const grown = first.memory && last.memory ? (last.memory - first.memory) / 2 ** 20 : 0;
  printGoal(
    'memory is flat',
    `wasm ${first.wasm} to ${last.wasm} MiB, process ${grown >= 0 ? '+' : ''}${show(grown, 0)} MiB since ${first.done} requests`,
    last.wasm <= first.wasm && grown <= 32,
  );
}
