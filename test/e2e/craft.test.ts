/** A perturbation that is crafted in a real browser: watched, held, ended, broken off, kept and taken along. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readNpy, readSafetensors } from '#shared/formats';
import { amplifyToRgba, linfNorm } from '#shared/images';
import type { Manifest } from '#shared/release';
import { codecs } from '../../batch/photos/index.ts';
import { type BuiltSite, buildSite, tooWide } from '../support/built-site.ts';
import { dropOn } from '../support/drop.ts';
import { testManifest } from '../support/release.ts';
import { writeSmallNetwork } from '../support/small-network.ts';

/** What the worker said last, and what it made. */
declare global {
  interface Window {
    made: { v: Float32Array; record: Record<string, unknown> } | null;
    steps: number[];
  }
}

const BUDGET = 60;
const ADDRESS = `/craft/?budget=${BUDGET}`;
let site: BuiltSite;
let release: Manifest;
/** What the craft of the first test came to, or of one that is made for this: others of that seed come to it too. */
let first: number[] = [];
async function undisturbed(): Promise<number[]> {
  if (first.length > 0) return first;
  const page = await open(ADDRESS);
  await begin(page);
  await measured(page);
  first = await made(page);
  await close(page);
  return first;
}

beforeAll(async () => {
  release = await testManifest();
  site = await buildSite();
}, 180_000);

afterAll(() => site?.close());

/** A page that writes down what its workers say. */
async function open(path: string, options = {}) {
  const page = await site.open('/about/', { reducedMotion: 'reduce', acceptDownloads: true, ...options });
  await page.addInitScript(() => {
    window.made = null;
    window.steps = [];
    window.Worker = class extends Worker {
      constructor(url: string | URL, how?: WorkerOptions) {
        super(url, how);
        this.addEventListener('message', ({ data }) => {
          if (data.type === 'step') window.steps.push(data.progress.gradients);
          if (data.type === 'done') window.made = data.result;
        });
      }
    };
  });
  await page.goto(new URL(path, page.url()).href);
  await page.locator('atlas-craft[data-ready]').waitFor();
  return page;
}
const close = (page: Page) => page.context().close();
/** On one thread: other tests run beside this one, and threads that wait for a processor wait for each other. */
async function begin(page: Page) {
  await page.locator('select[name=runtime]').selectOption('wasm-1');
  await page.locator('[data-start]').click();
}
const crafting = (page: Page) => page.waitForFunction(() => window.steps.length > 0, undefined, { timeout: 60_000 });
const phase = (page: Page, is: string) =>
  page.locator(`atlas-craft[data-phase=${is}]`).waitFor({ timeout: 90_000, state: 'attached' });
/** Waits until it is measured on its own network, and leaves the others out. */
async function measured(page: Page) {
  await page.locator('[data-rows] tr').first().waitFor({ timeout: 90_000 });
  await page.locator('[data-stop]').click();
  await phase(page, 'done');
}
/** An element of the page, and none of the network of one's own within it. */
const part = (name: string) => `[data-${name}]:not(atlas-own-network *)`;
const text = async (page: Page, name: string) => (await page.locator(part(name)).textContent()) ?? '';
const made = (page: Page) => page.evaluate(() => [...(window.made?.v ?? [])]);
const steps = (page: Page) => page.evaluate(() => window.steps);

const bytesOf = (values: readonly number[]) => Buffer.from(Float32Array.from(values).buffer);

async function axeOf(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  return page.evaluate<string[]>(
    `axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes[0].html.slice(0, 200)))`,
  );
}

async function download(page: Page, kind: string): Promise<Buffer> {
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.locator(`[data-results] [data-save=${kind}]`).click(),
  ]);
  expect(file.suggestedFilename()).toBe(await page.locator(`[data-results] [data-save=${kind}]`).textContent());
  return readFile(await file.path());
}

describe('a craft', () => {
  /** Of the first two tests. */
  let page: Page;

  test('is chosen, begun, held and let go on by keyboard alone, and turns labels before the eyes', async () => {
    page = await open(ADDRESS);
    const press = async (name: string, key = 'Enter') => {
      for (let i = 0; i < 60; i++) {
        await page.keyboard.press('Tab');
        if (await page.evaluate((name) => document.activeElement?.hasAttribute(`data-${name}`), name)) break;
      }
      await page.keyboard.press(key);
    };
    const smallest = release.models.toSorted((a, b) => a.bytes - b.bytes)[0].card;
    expect(await page.locator('select[name=network]').inputValue()).toBe(smallest.id);
    await press('start');
    await phase(page, 'running');
    expect(await page.evaluate(() => document.activeElement?.hasAttribute('data-title'))).toBe(true);
    await crafting(page);
    expect(await text(page, 'order')).toBe(
      `house on ${smallest.title}, l-inf 10, ${release.photos.length} photographs, seed 1, ${BUDGET} gradients`,
    );
    await press('hold', ' ');
    await page.waitForFunction(() => document.querySelector('.doing [data-doing]')?.textContent === 'Paused');
    // The step that was under way ends.
    await page.waitForTimeout(4000);
    const held = await steps(page);
    await page.waitForTimeout(2500);
    expect(await steps(page)).toEqual(held);
    expect(held.at(-1)).toBeLessThan(BUDGET);
    expect(await axeOf(page)).toEqual([]);
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Go on');
    await page.keyboard.press(' ');
    await page.waitForFunction((before) => window.steps.length > before, held.length, { timeout: 30_000 });
    await page.locator('[data-rows] tr').first().waitFor({ timeout: 90_000 });
    // Labels that changed stand struck out beside what they became; the others stand alone.
    const tiles = await page.locator('[data-tiles] li').evaluateAll((items) =>
      items.map((item) => ({
        ...{ before: item.querySelector('.before')?.textContent, after: item.querySelector('.after')?.textContent },
        isTurned: item.classList.contains('turned'),
        isStruck: getComputedStyle(item.querySelector('.before') as Element).textDecorationLine === 'line-through',
        isNamed: item.querySelector('canvas')?.getAttribute('aria-label'),
      })),
    );
    expect(tiles.length).toBe(12);
    expect(tiles.filter(({ isTurned }) => isTurned).length).toBeGreaterThan(0);
    const shows = release.photos.map(({ subject, file }) => subject?.shows ?? file);
    for (const { before, after, isTurned, isStruck, isNamed } of tiles) {
      expect([isStruck, after !== '' && after !== before]).toEqual([isTurned, isTurned]);
      expect(shows).toContain(isNamed);
    }
    // Points of the curve are what was looked at, and the line is what crafts.
    expect(await page.locator('[data-curve] circle').count()).toBeGreaterThan(1);
    expect(await page.locator('[data-curve] polyline').getAttribute('points')).toMatch(/^[\d.]+,[\d.]+ /);
    expect(await page.locator('[data-curve]').getAttribute('aria-label')).toMatch(/from \d+ of 16 after \d+ gradients/);
    await measured(page);
    first = await made(page);
  }, 180_000);

  test('ends with figures, four files that hold what the worker made, and the command that reads them', async () => {
    const v = first;
    expect(linfNorm(v)).toBeLessThanOrEqual(10);
    const npy = readNpy(await download(page, 'npy'));
    expect([npy.shape, [...(npy.data as Float32Array)]]).toEqual([[3, release.canvas, release.canvas], v]);
    const { tensors, metadata } = readSafetensors(await download(page, 'safetensors'));
    expect([...tensors.perturbation.data]).toEqual(v);
    expect(metadata).toMatchObject({ attack: 'house', norm: 'inf', epsilon: '10', seed: '1', units: '0..255' });
    const record = JSON.parse((await download(page, 'record')).toString());
    expect(record).toEqual(JSON.parse(JSON.stringify(await page.evaluate(() => window.made?.record))));
    const preview = await (await codecs()).decode(await download(page, 'preview'));
    expect(Buffer.from(preview.data).equals(Buffer.from(amplifyToRgba(v, release.canvas).data))).toBe(true);
    const [own] = record.fooling.evaluation;
    expect(await text(page, 'fooled')).toBe(`${own.fooled} of ${own.photos}`);
    expect(await text(page, 'found')).toContain(`misreads ${own.fooled} of ${own.photos} photographs`);
    expect(await text(page, 'interval')).toContain(`noise of the same bound: ${own.noise_fooled} of ${own.photos}`);
    expect(await page.locator('[data-rows] tr').first().textContent()).toContain((own.ratio * 100).toFixed(1));
    expect(await text(page, 'evaluate')).toBe(
      `npx atlas evaluate --perturbation perturbation.npy --model ${own.target} --photos other-photos/`,
    );
    expect(await text(page, 'said')).toContain('misreads');
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      for (const width of [360, 1440]) {
        await page.setViewportSize({ width, height: 800 });
        expect([colorScheme, width, await axeOf(page)]).toEqual([colorScheme, width, []]);
      }
    }
    expect(await tooWide(page)).toEqual([]);

    // Kept, it is there after a reload, and the lab takes it as one of its patterns.
    await page.locator('[data-keep]').click();
    await page.locator('[data-kept-rows] li').waitFor();
    await page.reload();
    await page.locator('[data-kept-rows] li').waitFor();
    expect(await text(page, 'kept-rows')).toContain(`${own.fooled} of ${own.photos} held-out photographs`);
    expect(await tooWide(page)).toEqual([]);
    await page.locator('[data-kept-rows] a').click();
    const lab = page.locator('atlas-lab');
    await page.waitForFunction(() => document.querySelector<HTMLElement>('atlas-lab')?.dataset.answered, undefined, {
      timeout: 60_000,
    });
    const answer = JSON.parse((await lab.getAttribute('data-answered')) as string);
    expect(answer).toMatchObject({ model: own.target, strength: 1, by: 'browser' });
    expect(answer.perturbation).toMatch(/^own\.[0-9a-f]{8}$/);
    expect(await lab.locator('select[name=perturbation] option:checked').textContent()).toContain('house, l-inf 10');
    expect(await text(page, 'plate-name')).toBe('Your pattern');
    // What is on the screen has that pattern on it, to the pixel.
    const isSame = await page.evaluate((v) => {
      const pixels = (name: string) => {
        const canvas = document.querySelector<HTMLCanvasElement>(`canvas[data-${name}]`)!;
        return canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height).data;
      };
      const [clean, perturbed] = [pixels('clean'), pixels('perturbed')];
      const plane = v.length / 3;
      return v.every((value, i) => {
        const at = 4 * (i % plane) + Math.floor(i / plane);
        const sum = Math.min(255, Math.max(0, clean[at] + value));
        return Math.abs(perturbed[at] - sum) <= 0.5001;
      });
    }, v);
    expect(isSame).toBe(true);
    await page.locator('input[name=where][value=edge]').check({ force: true });
    await page.locator('[data-failure]:not([hidden])').waitFor();
    expect(await text(page, 'cause')).toContain('stays in this browser');
    expect(await page.locator('[data-ways] button').allTextContents()).toEqual(['Use this browser']);
    await page.goBack();
    await page.goBack();
    await page.locator(part('forget')).click();
    await page.locator(part('kept')).waitFor({ state: 'hidden' });
    await close(page);
  }, 240_000);

  test('goes on in another worker where one breaks down, and comes to the same', async () => {
    const page = await open(ADDRESS);
    await begin(page);
    await crafting(page);
    await page.waitForFunction(() => (window.steps.at(-1) ?? 0) > 20, undefined, { timeout: 60_000 });
    for (const worker of page.workers()) {
      if (/\/worker-/.test(worker.url()))
        await worker.evaluate(() => {
          setTimeout(() => {
            throw new Error('The memory is full.');
          });
        });
    }
    await page.waitForFunction(() => document.querySelector('[data-broke]')?.textContent, undefined, {
      timeout: 30_000,
    });
    expect(await text(page, 'broke')).toMatch(
      /^The runtime broke down at gradient \d+ and was started anew; the craft /,
    );
    await measured(page);
    const found = await made(page);
    await close(page);
    // Not by toEqual, which would print all of them.
    expect(bytesOf(found).equals(bytesOf(await undisturbed()))).toBe(true);
  }, 240_000);

  test('asks before it is left, keeps what it has when it is stopped, and is gone when it is cancelled', async () => {
    const page = await open(ADDRESS);
    const context = page.context();
    await begin(page);
    // Nothing is there yet that could be kept.
    await page.locator('[data-stop]', { hasText: 'Cancel' }).click();
    await phase(page, 'idle');
    expect(await page.locator('[data-bench]').isHidden()).toBe(true);
    expect(await page.evaluate(() => document.activeElement?.hasAttribute('data-start'))).toBe(true);
    await begin(page);
    await crafting(page);
    const asked = page.waitForEvent('dialog');
    const leaving = page.close({ runBeforeUnload: true });
    const dialog = await asked;
    expect(dialog.type()).toBe('beforeunload');
    await dialog.dismiss();
    await leaving;
    await page.locator('[data-stop]', { hasText: 'Stop and keep this' }).click();
    await measured(page);
    const record = await page.evaluate(() => window.made?.record);
    expect(record).toMatchObject({ stopped: true });
    expect(record?.gradients).toBeLessThan(BUDGET);
    expect(await text(page, 'doing')).toBe('Ended by hand');
    // Now there is nothing to ask about.
    await Promise.all([page.waitForEvent('close'), page.close({ runBeforeUnload: true })]);
    await context.close();
  }, 180_000);
});

describe('the choices', () => {
  test('are in the address, are checked before anything starts, and come with their usual values', async () => {
    const page = await open('/craft/');
    await page.locator('select[name=attack]').selectOption('sga');
    await page.locator('input[name=norm][value="2"]').check();
    await page.locator('input[name=seed]').fill('7');
    await page.locator('select[name=budget]').selectOption('2000');
    await page.locator('.settings summary').click();
    await page.locator('input[name="set.step"]').fill('0.3');
    await expect.poll(() => new URL(page.url()).search).toBe('?attack=sga&norm=2&seed=7&budget=2000&set.step=0.3');
    expect(await page.locator('input[name=epsilon]').getAttribute('placeholder')).toBe('2000');
    expect(await text(page, 'settings-changed')).toBe('1 changed');
    expect(await axeOf(page)).toEqual([]);
    await page.locator('input[name=epsilon]').fill('5');
    await begin(page);
    await page.locator('[data-complaint]:not([hidden])').waitFor();
    expect(await text(page, 'complaint')).toContain('Did you mean 2000, or norm inf?');
    expect(page.workers()).toEqual([]);
    await page.reload();
    await page.locator('atlas-craft[data-ready]').waitFor();
    expect(await page.locator('select[name=attack]').inputValue()).toBe('sga');
    expect(await page.locator('input[name="set.step"]').inputValue()).toBe('0.3');
    expect(await page.locator('input[name=epsilon]').inputValue()).toBe('5');
    await close(page);
  }, 60_000);

  test('take photographs of the visitor, and say which files are none', async () => {
    const page = await open('/craft/');
    const folder = join('zoo', 'starter', 'photos');
    const files = ['alpaca', 'bee', 'baseball', 'bayterek', 'ajanta-cave', 'aula-palatina'].map(
      (name) => `${name}.jpg`,
    );
    await page.locator('input[name=photos][value=own]').check();
    await page
      .locator('input[name=files]')
      .setInputFiles([
        ...(await Promise.all(
          files.map(async (name) => ({ name, mimeType: 'image/jpeg', buffer: await readFile(join(folder, name)) })),
        )),
        { name: 'broken.heic', mimeType: '', buffer: Buffer.from('no picture') },
        { name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('no picture') },
      ]);
    await page.waitForFunction(() => document.querySelector('[data-brought]')?.textContent?.includes('6 photographs'));
    expect(await text(page, 'brought')).toBe('6 photographs. Not readable as a picture: broken.heic.');
    await begin(page);
    await page.waitForFunction(() => document.querySelector('[data-split]')?.textContent !== '', undefined, {
      timeout: 60_000,
    });
    expect(await text(page, 'split')).toMatch(/^[2-4] craft, [2-4] are held out\.$/);
    await close(page);
  }, 90_000);

  test('take a network of the visitor that is dropped anywhere, whose canvas is its own', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'atlas-craft-'));
    await writeSmallNetwork(folder, 32);
    const page = await open('/craft/?photos=synthetic&pictures=40&budget=80&norm=2');
    await dropOn(page, 'atlas-craft .opening', join(folder, 'small.onnx'));
    await rm(folder, { recursive: true, force: true });
    await page.locator('[data-about]:not([hidden])').waitFor({ timeout: 20_000 });
    for (const [name, value] of [
      ['mean', '128'],
      ['std', '64'],
    ])
      await page.locator(`input[name=${name}]`).fill(value);
    await page.locator('select[name=range]').selectOption('255');
    await page.locator('select[name=fit]').selectOption('exact');
    await page.locator('[data-work]').waitFor({ state: 'hidden' });
    await page.locator('[data-use]').click();
    await page.waitForFunction(() => /network=own/.test(location.search));
    const id = await page.locator('select[name=network]').inputValue();
    expect(id).toMatch(/^own\.[0-9a-f]{8}$/);
    await expect.poll(() => new URL(page.url()).searchParams.get('network')).toBe(id);
    // A bound of norm 2 that is usual on 32 x 32 pixels.
    await page.waitForFunction(
      () => document.querySelector<HTMLInputElement>('input[name=epsilon]')?.placeholder === '286',
    );
    await begin(page);
    await phase(page, 'done');
    expect(await made(page)).toHaveLength(3 * 32 * 32);
    expect(await page.evaluate(() => window.made?.record)).toMatchObject({ norm: '2', epsilon: 286, canvas: 32 });
    // It takes photos as they are, and none of the release has its size.
    expect(await text(page, 'split')).toBe('40 craft, 0 are held out.');
    expect(await text(page, 'skipped')).toContain(`${release.photos.length} photographs are left out; the first: `);
    expect(await text(page, 'found')).toBe('No photograph was held out, so nobody can say how it does on others.');
    // Pixels are shown as whole squares of the screen.
    const sides = await page
      .locator('.craft-bench canvas')
      .evaluateAll((all) => all.map((one) => one.clientWidth % 32));
    expect(new Set(sides)).toEqual(new Set([0]));
    await page.reload();
    await page.locator('atlas-craft[data-ready]').waitFor();
    expect(await page.locator('select[name=network]').inputValue()).toBe(id);
    await close(page);
  }, 120_000);

  test('made no complaint in the console', () => {
    expect(site.complaints).toEqual([]);
  });
});
