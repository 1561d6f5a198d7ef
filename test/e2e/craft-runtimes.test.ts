/**
 * One craft on every runtime that a browser may have, beside onnxruntime-node: the same photos, seed and steps. WebGPU
 * is computed by SwiftShader, with onnxruntime's own WebGPU provider.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { craft } from '#shared/attacks';
import { prepare, readModel, writeModel } from '#shared/graph';
import { type ModelCard, modelCard, sha256Hex } from '#shared/release';
import { syntheticKinds, syntheticPictures } from '#shared/synthetic';
import { openCompute } from '../../batch/compute/index.ts';
import type { CraftOrder } from '../../site/craft/protocol.ts';
import type { Runtime } from '../../site/runtime/runtimes.ts';
import { launchBrowser } from '../support/browser.ts';
import { buildPages } from '../support/built-site.ts';
import { craftIn, craftWorkerIn, ordersOf } from '../support/craft.ts';
import { TEST_RELEASE } from '../support/release.ts';
import { writeSmallNetwork } from '../support/small-network.ts';
import { type RunningWorker, startWorker } from '../support/worker.ts';

const SIDE = 32;
const PICTURES = 16;
const bound = { norm: '2', epsilon: 600, seed: 1, budget: { gradients: 60 } } as const;

let dist: string;
let worker: RunningWorker;
let browser: Browser;
let page: Page;
let address: string;
let order: CraftOrder;
let expected: Float32Array;

beforeAll(async () => {
  dist = await mkdtemp(join(tmpdir(), 'atlas-runtimes-'));
  await buildPages(TEST_RELEASE, dist);
  const card = modelCard.parse(JSON.parse(await readFile(await writeSmallNetwork(dist, SIDE), 'utf8')));
  const network = await networkOf(card);
  order = {
    ...(await ordersOf(TEST_RELEASE))('squeezenet1_1'),
    ...{ network, canvas: SIDE, synthetic: PICTURES, attack: 'house', ...bound },
  };
  order.photos = order.photos.slice(0, 12);
  expected = await craftedInNode(network);
  worker = await startWorker({ release: TEST_RELEASE, assets: dist });
  address = await craftWorkerIn(dist);
  browser = await launchBrowser({ webgpu: true });
  page = await (await browser.newContext()).newPage();
  await page.goto(`${worker.url}/about/`);
}, 180_000);

afterAll(async () => {
  await browser?.close();
  await worker?.dispose();
  await rm(dist, { recursive: true, force: true });
});

async function networkOf(card: ModelCard) {
  const file = await readFile(join(dist, 'small.onnx'));
  const bytes = writeModel(prepare(readModel(new Uint8Array(file)), { ...card.preprocessing, canvas: SIDE }));
  return {
    ...{ id: 'small', title: 'Small', sha256: sha256Hex(bytes), graph: { bytes } },
    labels: ['cat', 'dog', 'cup', 'car'],
  };
}

/** What the command line makes of the same order. */
async function craftedInNode({ id, sha256, graph: { bytes } }: Awaited<ReturnType<typeof networkOf>>) {
  const compute = await openCompute({ provider: 'cpu', workers: 1 });
  try {
    const pixels = syntheticPictures({ kinds: syntheticKinds, count: PICTURES, size: SIDE, seed: bound.seed });
    const crafting = Array.from({ length: PICTURES }, (_, i) => i);
    const photos = { pixels, size: SIDE };
    const { v } = await craft({
      ...{ compute, photos, crafting, surrogates: [{ id, sha256, bytes }], attack: 'house', ...bound },
    });
    return v;
  } finally {
    await compute.close();
  }
}

const length = (v: ArrayLike<number>) => Math.hypot(...Array.from(v));
const difference = (v: Float32Array) => length(v.map((value, i) => value - expected[i])) / length(expected);

const runtimes: [string, Runtime][] = [
  ['WebAssembly, one thread', { kind: 'wasm', threads: 1 }],
  ['WebAssembly, two threads', { kind: 'wasm', threads: 2 }],
  ['WebGPU by JSPI', { kind: 'webgpu', build: 'jspi' }],
  ['WebGPU by Asyncify', { kind: 'webgpu', build: 'asyncify' }],
];
/** Found: 5e-6. Under norm 2 nothing is rounded to a sign, so that small differences stay small. */
const MOST = 1e-4;

test('pages are isolated from other origins, which threads need', async () => {
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
});

describe('a craft is the same', () => {
  test.each(runtimes)('on %s', { timeout: 120_000 }, async (_, runtime) => {
    const { result, reports } = await craftIn(page, address, { ...order, runtime });
    expect(result?.record).toMatchObject({ provider: runtime.kind, gradients: 60, norm: '2', epsilon: 600 });
    expect(length(expected)).toBeGreaterThan(590);
    expect(difference(result?.v as Float32Array)).toBeLessThan(MOST);
    const measured = reports.flatMap(({ report }) => (report.type === 'measured' ? [report.measured] : []));
    expect(measured).toMatchObject([{ network: 'small', fooling: { photos: 12 } }]);
  });
});
