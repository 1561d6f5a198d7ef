/** What a visitor has of the lab and of other pages while a slow line brings the rest. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BuiltSite, buildSite } from '../support/built-site.ts';
import { answered } from '../support/lab.ts';
import { testManifest } from '../support/release.ts';

let site: BuiltSite;
let plates: string[];
beforeAll(async () => {
  plates = (await testManifest()).perturbations.map(({ id }) => id);
  site = await buildSite();
}, 180_000);
afterAll(() => site?.close());

/** Files of a kind are held back until they are let go. */
async function held(page: Page, files: string | RegExp): Promise<() => void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  await page.route(files, async (route) => {
    await promise;
    await route.continue().catch(() => {});
  });
  return resolve;
}

/** A page on a line of 300 ms a request and 1.6 Mbit/s. */
async function slowPage(path: string): Promise<Page> {
  const page = await site.open('/about/', { reducedMotion: 'reduce' });
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Network.enable');
  await cdp.send('Network.emulateNetworkConditions', {
    ...{ offline: false, latency: 300, downloadThroughput: 200_000, uploadThroughput: 100_000 },
  });
  await page.goto(site.worker.url + path, { waitUntil: 'commit' });
  return page;
}

describe('the lab on a slow line', () => {
  test('answers what the slider was moved to before its script was there', async () => {
    const page = await site.open('/about/', { reducedMotion: 'no-preference' });
    const letGo = await held(page, '**/_astro/*.js');
    await page.goto(site.worker.url, { waitUntil: 'commit' });
    const slider = page.locator('#strength');
    await slider.focus();
    for (let step = 0; step < 7; step++) await slider.press('ArrowRight');
    expect(await slider.inputValue()).toBe('1.75');
    letGo();
    expect(await answered(page, { strength: 1.75, by: 'release' })).not.toBe('');
    // It does not go its own way either.
    await page.waitForTimeout(500);
    expect(await slider.inputValue()).toBe('1.75');
    await page.context().close();
  });

  test('shows photograph and slider first, and answers long before a network is there', async () => {
    const page = await slowPage('/?strength=1');
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).pathname));
    await page.locator('#strength').waitFor();
    const photograph = page.locator('.frame img');
    await expect.poll(() => photograph.evaluate((image) => (image as HTMLImageElement).naturalWidth)).toBe(224);
    const label = await answered(page, { strength: 1, by: 'release' });
    expect(asked.filter((path) => /\.(wasm|onnx|npy)$/.test(path))).toEqual([]);

    // Asked to read here it says what it waits for, and whose label that was.
    await page.locator('input[name=where][value=browser]').check({ force: true });
    await expect
      .poll(() => page.locator('[data-took]').textContent(), { timeout: 15_000 })
      .toMatch(/^Loading into this browser: \d+\.\d of \d+\.\d MB$/);
    expect(await page.locator('atlas-lab').getAttribute('data-phase')).toBe('waiting');
    expect(await page.locator('[data-verdict]').textContent()).toMatch(/^that was /);
    // Nobody has to wait for it.
    await page.locator('input[name=where][value=release]').check({ force: true });
    expect(await answered(page, { strength: 1, by: 'release' })).toBe(label);
    expect(await page.locator('[data-took]').textContent()).not.toContain('Loading');
    await page.context().close();
  }, 60_000);
});

test('links and words of a plate can be used while its pictures and scripts are held back', async () => {
  const page = await site.open('/about/');
  // All but the script that says, before anything is shown, by day or by night.
  const letGo = await held(page, /_astro\/.*\.js$|\.(png|webp)$/);
  await page.goto(`${site.worker.url}/perturbations/${encodeURIComponent(plates[0])}/`, { waitUntil: 'commit' });
  await page.getByRole('heading', { level: 1 }).waitFor();
  await page.getByRole('link', { name: 'Transfer', exact: true }).click();
  await page.waitForURL('**/transfer/', { waitUntil: 'commit' });
  letGo();
  await page.context().close();
});

test('made no complaint in the console', () => {
  expect(site.complaints).toEqual([]);
});
