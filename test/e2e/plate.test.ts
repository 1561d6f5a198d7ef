/** The page of a plate: what it does to a photograph, what it does to all, and how it grew. */
import { parquetReadObjects } from 'hyparquet';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Manifest, perturbationRecord } from '#shared/release';
import { codecs } from '../../batch/photos/index.ts';
import { type BuiltSite, buildSite } from '../support/built-site.ts';
import { readKey, testManifest } from '../support/release.ts';

let site: BuiltSite;
let release: Manifest;
beforeAll(async () => {
  release = await testManifest();
  site = await buildSite();
}, 180_000);
afterAll(() => site?.close());

describe('how a plate grew', () => {
  const pageOf = (fits: (one: Manifest['perturbations'][number]) => boolean) =>
    `/perturbations/${encodeURIComponent(release.perturbations.find(fits)!.id)}/`;
  /** Pixels of an image on the page, as the browser decodes them. */
  const pixelsOf = (page: Page, selector: string) =>
    page.evaluate(async (of) => {
      const image = document.querySelector<HTMLImageElement>(of)!;
      image.loading = 'eager';
      await image.decode();
      const canvas = Object.assign(document.createElement('canvas'), { width: image.width, height: image.height });
      const context = canvas.getContext('2d')!;
      [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
      context.drawImage(image, 0, 0);
      return [canvas.width, canvas.height, ...context.getImageData(0, 0, canvas.width, canvas.height).data];
    }, selector);

  test('is followed by keys and by pointing, marked on the curve and said', async () => {
    const entry = release.perturbations.find(({ growth }) => growth)!;
    const record = perturbationRecord.parse(JSON.parse((await readKey(entry.record)).toString()));
    const { gradients } = record.growth!;
    const page = await site.open(pageOf(({ growth }) => growth !== undefined));
    const slider = page.getByRole('slider', { name: 'Moment of the crafting' });
    const marked = () => page.locator('.curve .dot.now').getAttribute('data-gradients');
    const left = async (of: string) => (await page.locator(of).boundingBox())!.x;
    const said = page.locator('plate-growth [data-said]');

    expect(await said.textContent()).toMatch(new RegExp(`^The plate, after ${gradients.at(-1)} gradients`));
    expect(await marked()).toBe(String(gradients.at(-1)));
    await slider.focus();
    await page.keyboard.press('Home');
    expect(await marked()).toBe(String(gradients[0]));
    expect(await said.textContent()).toContain(`After ${gradients[0]} of ${record.gradients} gradients`);
    expect(await slider.getAttribute('aria-valuetext')).toBe(await said.textContent());
    // The first of the pictures is the one in the window.
    expect(await left('.growth-now img')).toBeCloseTo(await left('.growth-now'), 0);
    await page.keyboard.press('ArrowRight');
    expect(await marked()).toBe(String(gradients[1]));
    expect(await left('.growth-now img')).toBeLessThan((await left('.growth-now')) - 48);

    const strip = (await page.locator('.growth-strip').boundingBox())!;
    await page.mouse.click(strip.x + strip.width * ((2 + 0.5) / gradients.length), strip.y + strip.height / 2);
    expect(await marked()).toBe(String(gradients[2]));
    await page.context().close();
  });

  test('is shown to the pixel, as is the plate at the head of the page', async () => {
    const entry = release.perturbations.find(({ growth }) => growth)!;
    const page = await site.open(pageOf(({ growth }) => growth !== undefined));
    const { decode } = await codecs();
    for (const [selector, key] of [
      ['.growth-strip img', entry.growth!],
      ['.plate-page img', entry.preview],
    ]) {
      const { data, width, height } = await decode(new Uint8Array(await readKey(key)));
      expect(Buffer.from(await pixelsOf(page, selector)).equals(Buffer.from([width, height, ...data]))).toBe(true);
    }
    await page.context().close();
  });

  test('is a row of pictures without script, and nothing for what no network took part in', async () => {
    const page = await site.open(
      pageOf(({ growth }) => growth !== undefined),
      { javaScriptEnabled: false },
    );
    expect(await page.locator('.growth-strip img').isVisible()).toBe(true);
    for (const hidden of ['.growth-now', 'plate-growth input'])
      expect(await page.locator(hidden).isVisible()).toBe(false);
    await page.goto(site.worker.url + pageOf(({ surrogates }) => surrogates.length === 0));
    expect(await page.locator('plate-growth').count()).toBe(0);
    await page.context().close();
  });
});

describe('the page of a plate', () => {
  const crafted = () => release.perturbations.find(({ surrogates }) => surrogates.length > 0)!;
  const address = () => `/perturbations/${encodeURIComponent(crafted().id)}/`;
  const grey = (page: Page, frame: string) =>
    page.locator(`[data-frame=${frame}] [data-picture]`).evaluate((canvas) => {
      const { data } = (canvas as HTMLCanvasElement).getContext('2d')!.getImageData(0, 0, 224, 224);
      return data.reduce((sum, value, i) => sum + (i % 4 === 3 ? 0 : Math.abs(value - 127.5)), 0);
    });
  // It paints once somebody comes near.
  const painted = async (page: Page) => {
    await page.locator('plate-view').scrollIntoViewIfNeeded();
    await page.locator('[data-frame=sum] [data-painted]').waitFor();
  };

  test('shows the plate on a photograph: amplified, as strong as chosen, and gone while the picture is held', async () => {
    const page = await site.open(address());
    await painted(page);
    expect(await page.title()).toMatch(/^Plate \d+\. .+\. Made on /);
    const set = (name: string, value: number) =>
      page.locator(`[name=${name}]`).evaluate((input, to) => {
        (input as HTMLInputElement).value = String(to);
        input.dispatchEvent(new Event('input', { bubbles: true }));
      }, value);
    await set('amplified', 1);
    await expect.poll(() => grey(page, 'pattern')).toBeLessThan(3 * 224 * 224 * 12);
    const faint = await grey(page, 'pattern');
    await set('amplified', 25);
    await expect.poll(() => grey(page, 'pattern')).toBeGreaterThan(5 * faint);
    const sum = page.locator('[data-frame=sum]');
    const [clean, perturbed] = [await grey(page, 'clean'), await grey(page, 'sum')];
    expect(perturbed).not.toBe(clean);
    await sum.focus();
    await page.keyboard.down(' ');
    expect(await grey(page, 'sum')).toBe(clean);
    await page.keyboard.up(' ');
    expect(await grey(page, 'sum')).toBe(perturbed);
    await set('strength', 0);
    await expect.poll(() => grey(page, 'sum')).toBe(clean);
    expect(await page.locator('[data-said-after]').textContent()).toBe(
      await page.locator('[data-said-before]').textContent(),
    );
    for (const live of await page.locator('[data-live=strength]').allTextContents()) expect(live).toBe('0');
    await page.context().close();
  });

  test('has one loupe over the same place of all three pictures, by pointer and by keyboard', async () => {
    const page = await site.open(address());
    await painted(page);
    await page.locator('[data-frame=clean]').hover({ position: { x: 20, y: 30 } });
    const places = () =>
      page
        .locator('[data-loupe]')
        .evaluateAll((all) => all.map((one) => [(one as HTMLElement).hidden, (one as HTMLElement).style.left]));
    const [first, ...others] = await places();
    expect(first[0]).toBe(false);
    expect(others).toEqual([first, first]);
    await page.locator('[data-frame=pattern]').focus();
    await page.keyboard.press('ArrowRight');
    expect((await places())[0][1]).not.toBe(first[1]);
    await page.keyboard.press('Escape');
    expect((await places()).every(([hidden]) => hidden)).toBe(true);
    await page.context().close();
  });

  test('lists every photograph, those that are fooled, and those of a label, in its address too', async () => {
    const page = await site.open(address());
    const visible = () => page.locator('.readings > li:visible').count();
    const all = await visible();
    await page.locator('[name=which][value=fooled]').check();
    const fooled = await visible();
    await page.locator('[name=which][value=resists]').check();
    expect(fooled + (await visible())).toBe(all);
    await expect.poll(() => new URL(page.url()).searchParams.get('which')).toBe('resists');
    await page.reload();
    expect(await visible()).toBe(all - fooled);
    expect(await page.locator('[data-count]').textContent()).toContain(String(all - fooled));
    await page.context().close();
  });

  test('lists them as any other network reads them, as measured', async () => {
    const { id, surrogates } = crafted();
    const other = release.models.map(({ card }) => card).find((card) => card.id !== surrogates[0])!;
    const { parquet } = release.tables.find(({ name }) => name === 'predictions')!;
    const bytes = await readKey(parquet);
    const rows = (await parquetReadObjects({ file: new Uint8Array(bytes).buffer })) as {
      [column: string]: string | boolean;
    }[];
    const of = rows.filter(({ perturbation, target }) => perturbation === id && target === other.id);
    const fooled = of.filter((row) => row.fooled);

    const page = await site.open(address());
    const visible = page.locator('.readings > li:visible');
    const own = await visible.allTextContents();
    await page.getByRole('combobox', { name: 'Network' }).selectOption({ label: other.title });
    await expect.poll(() => page.locator('[data-of=fooled]').textContent()).toBe(String(fooled.length));
    expect(await visible.count()).toBe(of.length);
    expect(await visible.allTextContents()).not.toEqual(own);
    await page.locator('[name=which][value=fooled]').check();
    const said = await visible.locator('em').allTextContents();
    expect(said.toSorted()).toEqual(fooled.map((row) => row.perturbed_label).toSorted());

    // The address brings the same list.
    const label = said[0];
    await page.getByRole('combobox', { name: 'read as' }).selectOption(label);
    await page.reload();
    await expect.poll(() => visible.count()).toBe(said.filter((one) => one === label).length);
    expect(await page.getByRole('combobox', { name: 'Network' }).inputValue()).toBe(other.id);
    await page.getByRole('combobox', { name: 'Network' }).selectOption('');
    await page.locator('[name=which][value=""]').check();
    await expect.poll(() => visible.count()).toBe(own.length);
    await page.context().close();
  });

  test('says where the readings of another network cannot be fetched, and keeps those that it has', async () => {
    const said: string[] = [];
    const page = await site.open(address(), {}, said);
    await page.route('**/transfer/*.json', (route) => route.abort());
    const before = await page.locator('.readings').textContent();
    const network = page.getByRole('combobox', { name: 'Network' });
    await network.selectOption({ index: 1 });
    await expect.poll(() => page.locator('[data-count]').textContent()).toContain('could not be fetched');
    expect([await network.inputValue(), await page.locator('.readings').textContent()]).toEqual(['', before]);
    await page.unroute('**/transfer/*.json');
    await network.selectOption({ index: 1 });
    await expect.poll(() => page.locator('.readings').textContent()).not.toBe(before);
    await page.context().close();
  });
});

test('they made no complaint in the console', () => {
  expect(site.complaints).toEqual([]);
});
