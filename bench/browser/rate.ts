/** Gradients a second: browser runtimes beside onnxruntime-node, in turns. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { craft } from '#shared/attacks';
import { syntheticPictures } from '#shared/synthetic';
import { openCompute } from '../../batch/compute/index.ts';
import { type Runtime, runtimeTitle } from '../../site/runtime/runtimes.ts';
import { craftIn } from '../../test/support/craft.ts';
import { type Bench, median, openPage, printTable } from './bench.ts';

/** Pictures that craft: what they show does not change the time. */
const PICTURES = 24;

export async function rate(bench: Bench): Promise<void> {
  const page = await openPage(bench);
  const runtimes: Runtime[] = [1, 2, 4].map((threads) => ({ kind: 'wasm', threads }));
  const hasGpu = await page.evaluate(async () => {
    const { gpu } = navigator as { gpu?: { requestAdapter(): Promise<{ info?: { architecture?: string } } | null> } };
    return (await gpu?.requestAdapter())?.info?.architecture ?? null;
  });
  if (hasGpu !== null && (hasGpu !== 'swiftshader' || bench.usesImitation))
    runtimes.push({ kind: 'webgpu', build: 'jspi' });
  for (const model of bench.models) {
    const ways: [string, () => Promise<Rate>][] = [
      ['onnxruntime-node, 1 thread', () => inNode(bench, model, 1)],
      ['onnxruntime-node, 2 threads', () => inNode(bench, model, 2)],
      ...runtimes.map((runtime): [string, () => Promise<Rate>] => [
        `browser: ${runtimeTitle(runtime)}${runtime.kind === 'webgpu' ? `, ${hasGpu}` : ''}`,
        () => inBrowser(bench, model, runtime),
      ]),
    ];
    const found = new Map<string, Rate[]>(ways.map(([name]) => [name, []]));
    for (let round = 0; round < bench.rounds; round++) {
      for (const [name, run] of ways) found.get(name)?.push(await run());
    }
    const rates = ways.map(([name]) => median(found.get(name)?.map(({ perSecond }) => perSecond) ?? []));
    printTable(
      `${model}: house, ${bench.gradients} gradients, medians of ${bench.rounds} rounds in turns`,
      ['', 'gradients/s', 'ratio to onnxruntime-node, 1 thread', 'ms from order to first step'],
      ways.map(([name], i) => {
        const first = median(found.get(name)?.map(({ first: ms }) => ms) ?? []);
        return [name, rates[i].toFixed(1), (rates[i] / rates[0]).toFixed(2), first.toFixed(0)];
      }),
    );
  }
  await page.context().close();
}

interface Rate {
  perSecond: number;
  /** Milliseconds from the order to the first step. */
  first: number;
}

async function inBrowser(bench: Bench, model: string, runtime: Runtime): Promise<Rate> {
  const page = await openPage(bench);
  const order = { ...bench.orderFor(model), runtime, synthetic: PICTURES, photos: [] };
  const budget = { gradients: bench.gradients };
  const { reports } = await craftIn(page, bench.craftWorker, { ...order, budget }, 'crafted');
  await page.context().close();
  const steps = reports.flatMap(({ at, report }) =>
    report.type === 'step' ? [{ at, done: report.progress.done }] : [],
  );
  const [first, last] = [steps[0], steps[steps.length - 1]];
  return { perSecond: (1000 * (last.done - first.done)) / (last.at - first.at), first: first.at };
}

async function inNode(bench: Bench, model: string, workers: number): Promise<Rate> {
  const began = performance.now();
  const { network, canvas, seed } = bench.orderFor(model);
  const key = 'url' in network.graph ? network.graph.url.replace('/data/', '') : '';
  const bytes = new Uint8Array(await readFile(join(bench.release, key)));
  const compute = await openCompute({ provider: 'cpu', workers });
  try {
    const pixels = syntheticPictures({ kinds: ['patterns'], count: PICTURES, size: canvas, seed });
    const steps: { at: number; done: number }[] = [];
    await craft({
      ...{ compute, photos: { pixels, size: canvas }, crafting: Array.from({ length: PICTURES }, (_, i) => i) },
      surrogates: [{ id: model, sha256: network.sha256, bytes }],
      ...{ attack: 'house', norm: 'inf', epsilon: 10, seed, budget: { gradients: bench.gradients } },
      onProgress: ({ stage, done }) => {
        if (stage === 'craft') steps.push({ at: performance.now() - began, done });
      },
    });
    const [first, last] = [steps[0], steps[steps.length - 1]];
    return { perSecond: (1000 * (last.done - first.done)) / (last.at - first.at), first: first.at };
  } finally {
    await compute.close();
  }
}
