/** The wall in a real browser. */
import { parquetReadObjects } from 'hyparquet';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Manifest, photoId } from '#shared/release';
import { type BuiltSite, buildSite, tooWide } from '../support/built-site.ts';
import { readKey, testManifest } from '../support/release.ts';

interface Row {
  photo: string;
  target: string;
  perturbation: string;
  clean_label: string;
  perturbed_label: string;
  fooled: boolean;
}
let site: BuiltSite;
let release: Manifest;
let rows: Row[];

beforeAll(async () => {
  release = await testManifest();
  const { parquet } = release.tables.find(({ name }) => name === 'predictions')!;
  rows = (await parquetReadObjects({ file: new Uint8Array(await readKey(parquet)).buffer })) as unknown as Row[];
  site = await buildSite();
}, 180_000);

afterAll(() => site?.close());

const open = (path: string, options = {}) => site.open(path, { reducedMotion: 'reduce', ...options });
const close = (page: Page) => page.context().close();
const end = (page: Page, at: '0' | '1') => page.locator(`atlas-wall[data-at="${at}"]`).waitFor({ timeout: 20_000 });
const pull = (page: Page, to: string) =>
  page.locator('atlas-wall input[name=strength]').evaluate((input, value) => {
    (input as HTMLInputElement).value = value;
    for (const type of ['input', 'change']) input.dispatchEvent(new Event(type, { bubbles: true }));
  }, to);

describe('the wall', () => {
  test('has a tile for each published photo, which says what is measured with the slider at its end', async () => {
    const page = await open('/wall/');
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).pathname));
    await end(page, '0');
    expect(await page.locator('[data-tiles] [data-photo]').count()).toBe(release.photos.length);
    // Without a pattern the pictures are the photographs: nothing is drawn over them.
    expect(await page.locator('[data-tiles] canvas').count()).toBe(0);
    const model = await page.locator('atlas-wall select[name=model]').inputValue();
    const perturbation = await page.locator('atlas-wall select[name=perturbation]').inputValue();
    await pull(page, '1');
    await end(page, '1');
    await page.locator('[data-tiles] .group').first().waitFor();
    await expect.poll(() => page.locator('[data-tiles] canvas').count()).toBe(release.photos.length);
    await expect.poll(() => new URL(page.url()).searchParams.get('strength')).toBe('1');
    const shown = await page
      .locator('[data-tiles] [data-photo]')
      .evaluateAll((tiles) =>
        tiles.map((tile) => [
          new URL(tile.querySelector('a')!.href).searchParams.get('photo'),
          tile.querySelector('[data-before]')!.textContent,
          tile.querySelector('[data-after]')!.textContent,
          tile.classList.contains('turned'),
        ]),
      );
    const of = rows.filter((row) => row.target === model && row.perturbation === perturbation);
    const measured = of.map((row) => [photoId(row.photo), row.clean_label, row.perturbed_label, row.fooled]);
    expect(shown.toSorted()).toEqual(measured.toSorted());
    const fooled = of.filter((row) => row.fooled).length;
    expect(await page.locator('[data-sentence]').textContent()).toContain(`${fooled} of ${of.length} photographs`);
    // Every tile stands below the group that it belongs to, and groups say how large they are.
    const groups = await page.locator('[data-tiles] .group').allTextContents();
    const sizes = groups.map((text) => Number(/: (\d+)/.exec(text)?.[1]));
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(of.length);
    const alike = sizes.slice(0, groups.at(-1)!.startsWith('each something else') ? -1 : undefined);
    expect(alike).toEqual(alike.toSorted((a, b) => b - a));
    expect(asked.filter((path) => /\.(wasm|onnx)$/.test(path))).toEqual([]);
    await close(page);
  });

  test('tells no label of a strength that nobody measured, and goes on to the nearer end', async () => {
    const page = await open('/wall/');
    await end(page, '0');
    const slider = page.locator('atlas-wall input[name=strength]');
    await slider.evaluate((input) => {
      (input as HTMLInputElement).value = '0.4';
      input.dispatchEvent(new Event('input', { bubbles: true }));
    });
    await page.locator('atlas-wall[data-at=between]').waitFor();
    expect(await page.locator('[data-note]').textContent()).toContain('no label is measured');
    await slider.dispatchEvent('change');
    await end(page, '0');
    expect(await page.locator('.turned').count()).toBe(0);
    await close(page);
  });

  test('keeps network and pattern in the address, and a tile opens the same question in the lab', async () => {
    const page = await open('/wall/');
    await end(page, '0');
    const first = await page.locator('atlas-wall select[name=model]').inputValue();
    const other = release.models.map(({ card }) => card.id).find((id) => id !== first)!;
    await page.locator('atlas-wall select[name=model]').selectOption(other);
    await pull(page, '1');
    await end(page, '1');
    await expect.poll(() => new URL(page.url()).searchParams.get('model')).toBe(other);
    const tile = page.locator('[data-tiles] .turned').last();
    const label = await tile.locator('[data-after]').textContent();
    await tile.locator('a').click();
    await page.waitForFunction(() => document.querySelector<HTMLElement>('atlas-lab')?.dataset.answered);
    const answer = JSON.parse((await page.locator('atlas-lab').getAttribute('data-answered'))!);
    expect(answer).toMatchObject({ model: other, strength: 1, by: 'release' });
    expect(await page.locator('[data-label]').textContent()).toBe(label);
    await page.goBack();
    await end(page, '1');
    await page.goBack();
    await end(page, '0');
    expect(await page.locator('atlas-wall select[name=model]').inputValue()).toBe(first);
    await close(page);
  });

  test('tells before and after without JavaScript, and never scrolls sideways', async () => {
    const page = await open('/wall/', { javaScriptEnabled: false });
    const model = await page.locator('atlas-wall select[name=model]').inputValue();
    const perturbation = await page.locator('atlas-wall select[name=perturbation]').inputValue();
    const first = rows.find((row) => row.target === model && row.perturbation === perturbation && row.fooled)!;
    const tile = page.locator('[data-tiles] li', { has: page.locator(`a[href*="photo=${photoId(first.photo)}&"]`) });
    expect(await tile.locator('.caption').textContent()).toBe(`${first.clean_label} ${first.perturbed_label}`);
    await close(page);
    const grouped = await open('/wall/?strength=1');
    await end(grouped, '1');
    await grouped.locator('[data-tiles] .group').first().waitFor();
    expect(await tooWide(grouped)).toEqual([]);
    await close(grouped);
  });

  test('made no complaint in the console', () => {
    expect(site.complaints).toEqual([]);
  });
});
