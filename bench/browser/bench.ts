/** What all parts of the benchmark share: orders of crafts, and a page that has them carried out. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { latest, manifest } from '#shared/release';
import type { CraftOrder, CraftReport } from '../../site/craft/protocol.ts';

export interface Bench {
  browser: Browser;
  url: string;
  release: string;
  dist: string;
  /** Path of the worker that crafts. */
  craftWorker: string;
  orderFor(model: string): CraftOrder;
  models: string[];
  gradients: number;
  rounds: number;
  budgets: number[];
  steps: number;
  /** Whether WebGPU runs on a processor that imitates a graphics processor. */
  usesImitation: boolean;
}

/** A report without its pixels, and when it came, in milliseconds since the order. */
export type Kept = { at: number; report: CraftReport };

/** Of the workers of a built site the one that crafts. */
export async function craftWorkerIn(dist: string): Promise<string> {
  const folder = join(dist, '_astro');
  for (const name of await readdir(folder)) {
    if (!/^worker.*\.js$/.test(name)) continue;
    const text = await readFile(join(folder, name), 'utf8');
    if (text.includes('It looks like a photo that crafts')) return `/_astro/${name}`;
  }
  throw new Error(`No worker in ${folder} crafts.`);
}

/** House on a release's photos, as the page orders it. */
export async function ordersOf(release: string): Promise<Bench['orderFor']> {
  const json = async (key: string) => JSON.parse(await readFile(join(release, key), 'utf8'));
  const { canvas, fit, models, photos } = manifest.parse(
    await json(latest.parse(await json('latest.json')).manifest.key),
  );
  return (id) => {
    const model = models.find(({ card }) => card.id === id);
    if (!model) throw new Error(`The release has no network ${id}.`);
    const { card, key, sha256, bytes, labels } = model;
    return {
      network: {
        id,
        title: card.title,
        sha256,
        graph: { url: `/data/${key}`, bytes },
        labels: { url: `/data/${labels}` },
      },
      ...{ others: [], canvas, fit: fit ?? 'crop', synthetic: null },
      photos: photos.map((photo) => ({ name: photo.file, url: `/data/${photo.key}` })),
      ...{ attack: 'house', settings: {}, norm: 'inf', epsilon: 10, seed: 1, budget: { gradients: 100 } },
      runtime: { kind: 'wasm', threads: 1 },
    };
  };
}

/** Opens a page of the site in a context of its own. */
export async function openPage({ browser, url }: Pick<Bench, 'browser' | 'url'>, path = '/about/'): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  await page.goto(url + path);
  if (!(await page.evaluate(() => crossOriginIsolated))) throw new Error('The page is not isolated: no threads.');
  return page;
}

/**
 * Has a craft done by the site's own worker, as the page does.
 * @param until Ends it, and the worker, at the first report that this is true of.
 */
export async function craftIn(
  page: Page,
  { craftWorker }: Pick<Bench, 'craftWorker'>,
  order: CraftOrder,
  until: 'done' | 'crafted' | 'step' = 'done',
): Promise<Kept[]> {
  return page.evaluate(
    async ({ address, order, until }) => {
      const worker = new Worker(address, { type: 'module' });
      const began = performance.now();
      const kept: { at: number; report: object }[] = [];
      try {
        await new Promise<void>((resolve, reject) => {
          worker.onerror = (event) => reject(new Error(event.message));
          worker.onmessage = ({ data: { v: _v, bytes: _bytes, shown: _shown, result: _result, ...report } }) => {
            kept.push({ at: performance.now() - began, report });
            if (report.type === until) resolve();
            if (report.type === 'failed') reject(new Error(report.says));
          };
          worker.postMessage({ type: 'craft', order });
        });
      } finally {
        worker.terminate();
      }
      return kept;
    },
    { address: craftWorker, order, until },
  ) as Promise<Kept[]>;
}

export const median = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

export function printTable(title: string, head: readonly string[], rows: readonly (readonly string[])[]): void {
  console.log(`\n${title}\n`);
  for (const cells of [head, head.map(() => '---'), ...rows]) console.log(`| ${cells.join(' | ')} |`);
}
