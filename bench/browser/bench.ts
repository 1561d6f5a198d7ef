/** What all parts of the benchmark share. */
import type { Browser, Page } from 'playwright-core';
import type { CraftOrder } from '../../site/craft/protocol.ts';

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

/** Opens a page of the site in a context of its own. */
export async function openPage({ browser, url }: Pick<Bench, 'browser' | 'url'>, path = '/about/'): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  await page.goto(url + path);
  if (!(await page.evaluate(() => crossOriginIsolated))) throw new Error('The page is not isolated: no threads.');
  return page;
}

export const median = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

export function printTable(title: string, head: readonly string[], rows: readonly (readonly string[])[]): void {
  console.log(`\n${title}\n`);
  for (const cells of [head, head.map(() => '---'), ...rows]) console.log(`| ${cells.join(' | ')} |`);
}
