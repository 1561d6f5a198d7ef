/** Memory of the page and its worker over many steps of a craft. */
import { type Bench, openPage, printTable } from './bench.ts';

/** Looks in all, at equal distances. */
const LOOKS = 8;

export async function memory(bench: Bench): Promise<void> {
  const [model] = bench.models;
  const page = await openPage(bench);
  const order = {
    ...bench.orderFor(model),
    // A photo a step.
    ...{ attack: 'sgd-uap', settings: { batch: 1 }, budget: { gradients: bench.steps } },
    ...{ synthetic: 24, photos: [], runtime: { kind: 'wasm', threads: 2 } },
  };
  const looks = await page.evaluate(
    async ({ address, order, steps, looks }) => {
      const worker = new Worker(address, { type: 'module' });
      const seen: { gradients: number; bytes: number }[] = [];
      const measure = async (gradients: number) => {
        const { bytes } = await (
          performance as unknown as { measureUserAgentSpecificMemory(): Promise<{ bytes: number }> }
        ).measureUserAgentSpecificMemory();
        seen.push({ gradients, bytes });
      };
      try {
        await new Promise<void>((resolve, reject) => {
          let last = Promise.resolve();
          let asked = 0;
          worker.onerror = (event) => reject(new Error(event.message));
          worker.onmessage = ({ data: report }) => {
            if (report.type === 'failed') reject(new Error(report.says));
            if (report.type === 'done') last.then(resolve, reject);
            if (report.type !== 'step') return;
            const { gradients } = report.progress;
            if (gradients < (asked * steps) / looks) return;
            asked++;
            last = last.then(() => measure(gradients));
            last.catch(reject);
          };
          worker.postMessage({ type: 'craft', order });
        });
      } finally {
        worker.terminate();
      }
      return seen;
    },
    { address: bench.craftWorker, order, steps: bench.steps, looks: LOOKS },
  );
  await page.context().close();
  const [, second = looks[0]] = looks;
  printTable(
    `${model}: memory over ${bench.steps} steps of one photo (page, worker and WebAssembly)`,
    ['step', 'MB', 'ratio to the second look'],
    looks.map(({ gradients, bytes }) => [
      ...[String(gradients), (bytes / 1e6).toFixed(1), (bytes / second.bytes).toFixed(3)],
    ]),
  );
}
