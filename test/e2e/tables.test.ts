/** What there is much of, to be narrowed down, ordered and looked into: plates, cells of the matrix, rows of tables. */
import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Manifest } from '#shared/release';
import { type BuiltSite, buildSite } from '../support/built-site.ts';
import { testManifest } from '../support/release.ts';

let site: BuiltSite;
let release: Manifest;
beforeAll(async () => {
  release = await testManifest();
  site = await buildSite();
}, 180_000);
afterAll(() => site?.close());

describe('the gallery', () => {
  test('is narrowed down and ordered, by keyboard too, and its address says how', async () => {
    const page = await site.open('/perturbations/');
    const shown = () => page.locator('.plates > li:visible').evaluateAll((items) => items.map((item) => item.dataset));
    const all = await shown();
    expect(all).toHaveLength(release.perturbations.length);
    const network = release.perturbations.find(({ surrogates }) => surrogates.length === 1)!.surrogates[0];
    await page.locator('select[name=network]').selectOption(network);
    const narrowed = await shown();
    expect(narrowed.length).toBeLessThan(all.length);
    for (const item of narrowed) expect(item.network?.split('\n')).toContain(network);
    await page.locator('select[name=network]').selectOption('');
    await page.locator('select[name=sort]').focus();
    await page.keyboard.press('ArrowDown');
    await expect.poll(() => new URL(page.url()).searchParams.get('sort')).toBe('fooling');
    const ratios = (await shown()).map(({ fooling }) => Number(fooling));
    expect(ratios).toEqual(ratios.toSorted((a, b) => b - a));
    await page.goto(`${site.worker.url}/perturbations/?network=${network}&sort=no-such`);
    expect(await shown()).toHaveLength(narrowed.length);
    expect(await page.locator('select[name=sort]').inputValue()).toBe('');
    await page.context().close();
  });

  test('puts two plates beside each other, each with what it does on every network', async () => {
    const page = await site.open('/perturbations/');
    const boxes = page.locator('[name=compare]');
    for (const i of [0, 1, 2]) await boxes.nth(i).check();
    expect(await boxes.nth(0).isChecked()).toBe(false);
    const sides = page.locator('[data-compared] > div');
    expect(await sides.count()).toBe(2);
    const targets = new Set(release.models.map(({ card }) => card.title));
    for (const title of targets) expect(await sides.first().textContent()).toContain(title);
    await page.reload();
    expect(await sides.count()).toBe(2);
    await page.getByRole('button', { name: 'Show all' }).click();
    expect(await sides.count()).toBe(0);
    await expect.poll(() => page.url()).not.toContain('compare');
    await page.context().close();
  });
});

describe('the transfer matrix', () => {
  const texts = (page: Page) => page.locator('.matrix td[data-views] a').allTextContents();

  test('opens what is behind a cell, by keyboard too, and the cell has an address', async () => {
    const page = await site.open('/transfer/');
    const cell = page.locator('.matrix td[data-views]').first();
    await cell.focus();
    await page.keyboard.press('Enter');
    const panel = page.locator('[data-behind]');
    await panel.locator('.readings li').first().waitFor();
    const [said, plate, target] = await cell.evaluate((one) => [
      one.dataset.said,
      one.closest('tr')?.dataset.plate,
      document.querySelectorAll<HTMLElement>('thead th[data-target]')[0].dataset.target,
    ]);
    expect(await panel.locator('p').first().textContent()).toBe(said);
    const [, fooled, photos] = /on (\d+) of (\d+) photographs/.exec(said!)!;
    expect(await panel.locator('.readings li').count()).toBe(Number(photos));
    expect(await panel.locator('.readings .fooled').count()).toBe(Number(fooled));
    const lab = new URL((await panel.getByRole('link', { name: 'Try it' }).getAttribute('href'))!, site.worker.url);
    expect([lab.searchParams.get('perturbation'), lab.searchParams.get('model')]).toEqual([plate, target]);
    await page.reload();
    await panel.locator('.readings li').first().waitFor();
    await panel.getByRole('link', { name: 'close' }).click();
    await panel.waitFor({ state: 'hidden' });
    await page.context().close();
    // Without script the address of the cell leads to its row.
    const plain = await site.open(`/transfer/#cell-${plate}-${target}`, { javaScriptEnabled: false });
    expect(await plain.locator(`tr[id="cell-${plate}-${target}"]`).count()).toBe(1);
    await plain.context().close();
  });

  test('shows ratios, ratios less noise and the spread, in several orders, and its address says which', async () => {
    const page = await site.open('/transfer/');
    const given = await texts(page);
    expect(given.every((text) => /^\d+\u202f%$/.test(text))).toBe(true);
    await page.locator('select[name=view]').selectOption('less');
    expect((await texts(page)).every((text) => /^[+\u2212]\d+$/.test(text))).toBe(true);
    await page.locator('select[name=view]').selectOption('');
    await page.locator('select[name=order]').selectOption('mean');
    const rows = await page
      .locator('.matrix tbody tr[data-mean]')
      .evaluateAll((all) =>
        all.map((row) => [...row.querySelectorAll('td a')].map((a) => parseInt(a.textContent!, 10))),
      );
    const means = rows.map((row) => row.reduce((sum, value) => sum + value, 0));
    for (const [i, mean] of means.slice(1).entries()) expect(mean).toBeLessThanOrEqual(means[i] + 2);
    expect((await texts(page)).toSorted()).toEqual(given.toSorted());
    await page.goto(`${site.worker.url}/transfer/?view=less&order=name`);
    expect(await page.locator('select[name=order]').inputValue()).toBe('name');
    expect((await texts(page))[0]).toMatch(/^[+\u2212]/);
    await page.context().close();
  });

  test('has text that can be read in every cell and an outline about the own ones, by day and by night', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      const page = await site.open('/transfer/', { colorScheme });
      const worst = await page.locator('.matrix td[style]').evaluateAll((cells) => {
        const luminance = (colour: string) => {
          const [r, g, b] = colour
            .match(/[\d.]+/g)!
            .map((value) => Number(value) / 255)
            .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
          return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        return Math.min(
          ...cells.map((cell) => {
            const { color, backgroundColor } = getComputedStyle(cell);
            const [a, b] = [luminance(color), luminance(backgroundColor)].sort((x, y) => y - x);
            return (a + 0.05) / (b + 0.05);
          }),
        );
      });
      expect(worst).toBeGreaterThanOrEqual(4.5);
      const outlines = await page
        .locator('.matrix td.self')
        .evaluateAll((cells) => cells.map((cell) => getComputedStyle(cell).outlineColor));
      const ink = await page.evaluate(() => getComputedStyle(document.body).color);
      expect(outlines.length).toBeGreaterThan(0);
      expect(new Set(outlines)).toEqual(new Set([ink]));
      await page.context().close();
    }
  });
});

describe('the page of a table', () => {
  test('reads a page by ranges of the file, and all of it only where all is asked', async () => {
    const page = await site.open('/tables/predictions/');
    const ranges: string[] = [];
    page.on('request', (request) => {
      if (request.url().endsWith('.parquet') && request.method() === 'GET')
        ranges.push(request.headers().range ?? 'all');
    });
    const status = page.locator('[data-status]');
    const table = release.tables.find(({ name }) => name === 'predictions')!;
    const all = table.rows.toLocaleString('en');
    await expect.poll(() => status.textContent()).toBe(`Rows 1 to 50 of ${all}`);
    const first = await page.locator('tbody tr').first().textContent();
    await page.getByRole('button', { name: 'Next' }).click();
    await expect.poll(() => status.textContent()).toBe(`Rows 51 to 100 of ${all}`);
    expect(await page.locator('tbody tr').first().textContent()).not.toBe(first);
    await expect.poll(() => new URL(page.url()).searchParams.get('page')).toBe('2');
    expect(ranges.length).toBeGreaterThan(0);
    expect(ranges).not.toContain('all');
    await page.context().close();
  });

  test('filters, orders and exports its rows, by keyboard too, and its address says what', async () => {
    const page = await site.open('/tables/predictions/?f.fooled=true');
    const column = async (name: string) => {
      const at = await page
        .locator('[data-column]')
        .evaluateAll(
          (heads, wanted) => heads.findIndex((head) => (head as HTMLElement).dataset.column === wanted),
          name,
        );
      return page.locator(`tbody td:nth-child(${at + 1})`).allTextContents();
    };
    await expect.poll(async () => new Set(await column('fooled'))).toEqual(new Set(['yes']));
    await page.getByRole('textbox', { name: 'Condition on perturbed_probability' }).fill('> 0.5');
    await page.getByRole('button', { name: 'perturbed_probability' }).press('Enter');
    await expect.poll(() => new URL(page.url()).searchParams.get('sort')).toBe('perturbed_probability');
    await expect
      .poll(async () => (await column('perturbed_probability')).every((text) => Number(text) >= 0.5))
      .toBe(true);
    const values = (await column('perturbed_probability')).map(Number);
    expect(values).toEqual(values.toSorted((a, b) => a - b));
    expect(await page.locator('[data-column=perturbed_probability]').getAttribute('aria-sort')).toBe('ascending');
    const [, count] = /of ([\d,]+),/.exec((await page.locator('[data-status]').textContent())!)!;
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Export' }).click(),
    ]);
    const lines = (await readFile((await download.path())!, 'utf8')).trimEnd().split('\n');
    expect(lines.length - 1).toBe(Number(count.replaceAll(',', '')));
    await page.getByRole('button', { name: 'Show all' }).click();
    await expect.poll(() => page.url()).not.toContain('?');
    await page.context().close();
  });
});

test('they made no complaint in the console', () => {
  expect(site.complaints).toEqual([]);
});
