/**
 * Crafting in a real browser: how fast, how long until a network is fooled, how much memory, how many bytes.
 *
 *     npm run bench:browser                        # of .atlas/starter/release
 *     npm run bench:browser -- --only rate,fooled,memory,bytes --release <dir> --gradients 60
 *
 * rate: gradients a second of each network on each runtime of this browser, beside onnxruntime-node on this machine;
 * all take turns, `--rounds` times, and medians are shown with their ratio to onnxruntime-node on one thread. fooled:
 * seconds from the order to a pattern that fools 60 % of held-out photos, by budget, on two threads. memory: of the
 * page and its worker over 2,000 steps of a craft.
 * bytes: what is loaded before the first gradient, without the network's own file.
 *
 * WebGPU is tried where the browser has a real adapter; `--swiftshader` takes the one that imitates one.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { launchBrowser } from '../test/support/browser.ts';
import { buildPages } from '../test/support/built-site.ts';
import { craftWorkerIn, ordersOf } from '../test/support/craft.ts';
import { startWorker } from '../test/support/worker.ts';
import type { Bench } from './browser/bench.ts';
import { bytes } from './browser/bytes.ts';
import { fooled } from './browser/fooled.ts';
import { memory } from './browser/memory.ts';
import { rate } from './browser/rate.ts';

const parts: Record<string, (bench: Bench) => Promise<void>> = { rate, fooled, memory, bytes };
const { values } = parseArgs({
  options: {
    release: { type: 'string', default: '.atlas/starter/release' },
    only: { type: 'string', default: Object.keys(parts).join(',') },
    models: { type: 'string', default: 'squeezenet1_1,efficientnet_lite0' },
    gradients: { type: 'string', default: '60' },
    rounds: { type: 'string', default: '3' },
    budgets: { type: 'string', default: '100,200,300' },
    steps: { type: 'string', default: '2000' },
    swiftshader: { type: 'boolean', default: false },
  },
});
const wanted = values.only.split(',');
const unknown = wanted.find((part) => !Object.hasOwn(parts, part));
if (unknown !== undefined) {
  console.error(`There is no part "${unknown}". The parts are ${Object.keys(parts).join(', ')}.`);
  process.exit(2);
}
console.log(`${cpus().length} x ${cpus()[0]?.model ?? 'processor'}, load ${loadavg()[0].toFixed(1)} at the start`);
const dist = await mkdtemp(join(tmpdir(), 'atlas-bench-browser-'));
try {
  await buildPages(values.release, dist);
  const worker = await startWorker({ release: values.release, assets: dist });
  const browser = await launchBrowser({ webgpu: values.swiftshader });
  try {
    const bench: Bench = {
      ...{ browser, url: worker.url, release: values.release, dist },
      craftWorker: await craftWorkerIn(dist),
      orderFor: await ordersOf(values.release),
      models: values.models.split(','),
      gradients: Number(values.gradients),
      rounds: Number(values.rounds),
      budgets: values.budgets.split(',').map(Number),
      steps: Number(values.steps),
      usesImitation: values.swiftshader,
    };
    for (const part of wanted) await parts[part](bench);
  } finally {
    await browser.close();
    await worker.dispose();
  }
} finally {
  await rm(dist, { recursive: true, force: true });
}
