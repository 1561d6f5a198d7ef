/** Has the site's own worker craft, without the page around it: for tests and benchmarks of what it does. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { latest, manifest } from '#shared/release';
import type { CraftOrder, CraftReport, CraftResult } from '../../site/craft/protocol.ts';

/** A report without its pixels, and when it came, in milliseconds since the order. */
export type Kept = { at: number; report: CraftReport };

export interface Carried {
  reports: Kept[];
  /** The last of them. */
  result: CraftResult | null;
}

/** Of the workers of a built site the one that crafts: its path. */
export async function craftWorkerIn(dist: string): Promise<string> {
  const folder = join(dist, '_astro');
  for (const name of await readdir(folder)) {
    if (!/^worker.*\.js$/.test(name)) continue;
    const text = await readFile(join(folder, name), 'utf8');
    if (text.includes('It looks like a photo that crafts')) return `/_astro/${name}`;
  }
  throw new Error(`No worker in ${folder} crafts.`);
}

/** House on a release's photos, as the page orders it, by the network's id. */
export async function ordersOf(release: string): Promise<(model: string) => CraftOrder> {
  const json = async (key: string) => JSON.parse(await readFile(join(release, key), 'utf8'));
  const pointer = latest.parse(await json('latest.json'));
  const { canvas, fit, models, photos } = manifest.parse(await json(pointer.manifest.key));
  return (id) => {
    const model = models.find(({ card }) => card.id === id);
    if (!model) throw new Error(`The release has no network ${id}.`);
    const { card, key, sha256, bytes, labels } = model;
    return {
      network: {
        ...{ id, title: card.title, sha256, source: card.source.sha256 },
        ...{ graph: { url: `/data/${key}`, bytes }, labels: { url: `/data/${labels}` } },
      },
      ...{ others: [], canvas, fit: fit ?? 'crop', synthetic: null },
      photos: photos.map((photo) => ({ name: photo.file, url: `/data/${photo.key}` })),
      ...{ attack: 'house', settings: {}, norm: 'inf', epsilon: 10, seed: 1, budget: { gradients: 100 } },
      runtime: { kind: 'wasm', threads: 1 },
    };
  };
}

/**
 * Orders a craft.
 * @param address Of the worker.
 * @param until The report at which it and the worker end.
 * @throws Error with what the worker says where it fails
 */
export async function craftIn(
  page: Page,
  address: string,
  order: CraftOrder,
  until: 'done' | 'crafted' | 'step' = 'done',
): Promise<Carried> {
  // Neither Playwright nor JSON takes bytes.
  const graph = 'url' in order.network.graph ? null : Buffer.from(order.network.graph.bytes).toString('base64');
  const { reports, result, v } = await page.evaluate(
    async ({ address, order, until, graph }) => {
      const bytesOf = (text: string) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
      if (graph) order.network.graph = { bytes: bytesOf(graph) };
      const worker = new Worker(address, { type: 'module' });
      const began = performance.now();
      const reports: { at: number; report: object }[] = [];
      let result: CraftResult | null = null;
      try {
        await new Promise<void>((resolve, reject) => {
          worker.onerror = (event) => reject(new Error(event.message));
          worker.onmessage = ({ data: { v: _v, bytes: _bytes, shown: _shown, result: found, ...report } }) => {
            reports.push({ at: performance.now() - began, report });
            result = found ?? result;
            if (report.type === until) resolve();
            if (report.type === 'failed') reject(new Error(report.says));
          };
          worker.postMessage({ type: 'craft', order });
        });
      } finally {
        worker.terminate();
      }
      const found = result as CraftResult | null;
      return { reports, result: found && { ...found, v: null }, v: found && [...found.v] };
    },
    { address, order, until, graph },
  );
  return {
    reports: reports as Kept[],
    result: result && v && ({ ...result, v: Float32Array.from(v) } as unknown as CraftResult),
  };
}
