/** Memory of the processes that pages run in, over many steps of a craft. */
import { readFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import type { Browser } from 'playwright-core';
import type { CraftReport } from '../../site/craft/protocol.ts';
import { type Bench, openPage, printTable } from './bench.ts';

/** Looks in all, at equal distances. */
const LOOKS = 10;

export async function memory(bench: Bench): Promise<void> {
  const [model] = bench.models;
  const page = await openPage(bench);
  const order = {
    ...bench.orderFor(model),
    // A photo a step.
    ...{ attack: 'sgd-uap', settings: { batch: 1 }, budget: { gradients: bench.steps } },
    ...{ synthetic: 24, photos: [], runtime: { kind: 'wasm', threads: 1 } },
  };
  await page.evaluate(
    ({ address, order }) => {
      const worker = new Worker(address, { type: 'module' });
      const course = { step: 0, failed: null as string | null };
      Object.assign(globalThis, { course });
      worker.onerror = (event) => (course.failed = event.message);
      worker.onmessage = ({ data }: MessageEvent<CraftReport>) => {
        if (data.type === 'failed') course.failed = data.says;
        if (data.type === 'step') course.step = data.progress.gradients;
      };
      worker.postMessage({ type: 'craft', order });
    },
    { address: bench.craftWorker, order },
  );
  const looks: { step: number; bytes: number }[] = [];
  while (looks.length < LOOKS) {
    await setTimeout(200);
    const { step, failed } = await page.evaluate<{ step: number; failed: string | null }>('course');
    if (failed) throw new Error(failed);
    if (step >= Math.max(1, (looks.length * bench.steps) / (LOOKS - 1) - 1))
      looks.push({ step, bytes: await residentBytes(bench.browser) });
  }
  await page.context().close();
  const [, second] = looks;
  printTable(
    `${model}: resident memory of the pages' processes over ${bench.steps} steps of one photo`,
    ['step', 'MB', 'ratio to the second look'],
    looks.map(({ step, bytes }) => [String(step), (bytes / 1e6).toFixed(0), (bytes / second.bytes).toFixed(3)]),
  );
}

/** Of all processes that run pages and their workers. Linux says it in /proc. */
async function residentBytes(browser: Browser): Promise<number> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  const pages = processInfo.filter(({ type }) => type === 'renderer');
  const statuses = await Promise.all(pages.map(({ id }) => readFile(`/proc/${id}/status`, 'utf8').catch(() => '')));
  return statuses.reduce((sum, text) => sum + 1024 * Number(/VmRSS:\s+(\d+)/.exec(text)?.[1] ?? 0), 0);
}
