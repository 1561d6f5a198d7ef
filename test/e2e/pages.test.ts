/** What holds for every page, however it is looked at. */
import { readFile } from 'node:fs/promises';
import axe from 'axe-core';
import { parquetReadObjects } from 'hyparquet';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { problemKinds } from '#shared/api';
import { type Manifest, perturbationRecord, photoId } from '#shared/release';
import { codecs } from '../../batch/photos/index.ts';
import { type BuiltSite, buildSite, tooWide } from '../support/built-site.ts';
import { readKey, testManifest } from '../support/release.ts';

let site: BuiltSite;
let release: Manifest;
beforeAll(async () => {
  release = await testManifest();
  site = await buildSite();
}, 180_000);
afterAll(() => site?.close());

const pages = () => [
  ...['/', '/perturbations/', `/perturbations/${encodeURIComponent(release.perturbations[0].id)}/`],
  ...['/transfer/', '/findings/', '/downloads/', '/reference/', '/problems/', '/problems/busy', '/no/such/page'],
  ...[
    '/photos/',
    `/photos/${photoId(release.photos[0].file)}/`,
    '/tables/predictions/',
    '/about/',
    '/wall/',
    '/craft/',
  ],
];

describe('every page', () => {
  test('fits screens from 320 to 1920 pixels', async () => {
    for (const path of pages()) {
      const page = await site.open(path, {}, []);
      expect([path, await tooWide(page)]).toEqual([path, []]);
      await page.context().close();
    }
  });

  test('has nothing that axe objects to, on a phone and on a screen, by day and by night', async () => {
    for (const path of pages()) {
      const page = await site.open(path, { reducedMotion: 'reduce' }, []);
      await page.evaluate(axe.source);
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        for (const width of [360, 1440]) {
          await page.setViewportSize({ width, height: 800 });
          const found = await page.evaluate<string[]>(
            `axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes[0].html.slice(0, 200)))`,
          );
          expect([path, colorScheme, width, found]).toEqual([path, colorScheme, width, []]);
        }
      }
      await page.context().close();
    }
  }, 180_000);

  test('fits when its text is twice as large', async () => {
    for (const path of pages()) {
      const page = await site.open(path, { viewport: { width: 1280, height: 800 } }, []);
      await page.evaluate(() => document.documentElement.style.setProperty('font-size', '36px'));
      expect([path, await page.evaluate(() => document.documentElement.scrollWidth)]).toEqual([path, 1280]);
      await page.context().close();
    }
  });

  test('moves nothing once it is shown, though its fonts and scripts come late', async () => {
    for (const path of pages()) {
      const context = await site.browser.newContext({ viewport: { width: 412, height: 823 } });
      const page = await context.newPage();
      // All but the script that says, before anything is shown, by day or by night.
      await page.route(/\.(woff2|js)$/, async (route) => {
        if (!route.request().url().endsWith('/edition.js')) await new Promise((resolve) => setTimeout(resolve, 400));
        await route.continue();
      });
      await page.addInitScript(() => {
        Object.assign(window, { shift: 0 });
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries() as (PerformanceEntry & { value: number })[])
            (window as unknown as { shift: number }).shift += entry.value;
        }).observe({ type: 'layout-shift', buffered: true });
      });
      await page.goto(site.worker.url + path, { waitUntil: 'networkidle' });
      await page.waitForTimeout(400);
      const shift = await page.evaluate(() => (window as unknown as { shift: number }).shift);
      expect(shift, path).toBeLessThan(0.02);
      await context.close();
    }
  }, 120_000);

  test('fetches at most 200 kB of fonts, nothing from elsewhere, and what it preloads', async () => {
    for (const path of pages()) {
      const context = await site.browser.newContext();
      const page = await context.newPage();
      const fonts = new Map<string, number>();
      const elsewhere: string[] = [];
      page.on('response', async (response) => {
        const url = response.url();
        if (!url.startsWith(site.worker.url) && !/^(blob|data):/.test(url)) elsewhere.push(url);
        if (url.endsWith('.woff2')) fonts.set(url, Number(response.headers()['content-length'] ?? 0));
      });
      await page.goto(site.worker.url + path, { waitUntil: 'networkidle' });
      const preloaded = await page
        .locator('link[rel=preload][as=font]')
        .evaluateAll((links) => links.map((link) => (link as HTMLLinkElement).href));
      expect(preloaded.length).toBe(2);
      for (const href of preloaded) expect([...fonts.keys()], path).toContain(href);
      expect(fonts.size, path).toBeLessThanOrEqual(3);
      expect(
        [...fonts.values()].reduce((sum, bytes) => sum + bytes, 0),
        path,
      ).toBeLessThanOrEqual(200_000);
      expect(elsewhere, path).toEqual([]);
      await context.close();
    }
  });

  test('says beside a link what it is, with a picture that is there', async () => {
    for (const path of pages()) {
      const page = await site.open(path, {}, []);
      const meta = (name: string) =>
        page.locator(`meta[property="${name}"], meta[name="${name}"]`).getAttribute('content');
      expect(await meta('og:title'), path).toBeTruthy();
      expect(await meta('og:description'), path).toBe(await meta('description'));
      const picture = await fetch(new URL((await meta('og:image'))!, site.worker.url));
      expect([picture.status, picture.headers.get('Content-Type')], path).toEqual([200, 'image/jpeg']);
      await page.context().close();
    }
  });

  test('has its colours where the visitor forces theirs: text that can be read, and marks that can be seen', async () => {
    const page = await site.open('/findings/', { forcedColors: 'active', colorScheme: 'dark' });
    const colours = await page.evaluate(() => {
      const probe = document.createElement('i');
      document.body.appendChild(probe);
      const resolved = (name: string) => {
        probe.style.color = `var(${name})`;
        probe.style.setProperty('forced-color-adjust', 'none');
        return getComputedStyle(probe).color;
      };
      const system = (name: string) => {
        probe.style.color = name;
        return getComputedStyle(probe).color;
      };
      return [
        resolved('--ink'),
        system('CanvasText'),
        resolved('--paper'),
        system('Canvas'),
        resolved('--fooled'),
        system('LinkText'),
      ];
    });
    const [ink, text, paper, canvas, fooled, link] = colours;
    expect([ink, paper, fooled]).toEqual([text, canvas, link]);
    expect(new Set(colours).size).toBe(3);
    await page.context().close();
  });

  test('is black on white on paper, without what nobody can press there', async () => {
    const page = await site.open('/transfer/', { colorScheme: 'dark' });
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    expect(await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor)).toBe(
      'rgb(255, 255, 255)',
    );
    expect(await page.locator('.head nav').isVisible()).toBe(false);
    expect(await page.locator('.head .name').isVisible()).toBe(true);
    await page.context().close();
  });

  test('is kept to itself by its headers', async () => {
    for (const path of pages()) {
      const { headers } = await fetch(site.worker.url + path);
      expect(headers.get('Cross-Origin-Opener-Policy'), path).toBe('same-origin');
      expect(headers.get('Cross-Origin-Embedder-Policy'), path).toBe('require-corp');
      expect(headers.get('Content-Security-Policy'), path).toContain("frame-ancestors 'none'");
      expect(headers.get('Strict-Transport-Security'), path).toContain('max-age=');
    }
  });
});

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
      one.dataset.plate,
      one.dataset.target,
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

describe('problems', () => {
  test('have pages in the dress of the site, which lead to what answers with them', async () => {
    for (const kind of Object.keys(problemKinds) as (keyof typeof problemKinds)[]) {
      const response = await fetch(`${site.worker.url}/problems/${kind}`, { redirect: 'manual' });
      expect([kind, response.status]).toEqual([kind, 200]);
      const html = await response.text();
      expect(html).toContain('/_astro/');
      expect(html).toContain(`<h1>${problemKinds[kind].title}`);
    }
    const page = await site.open('/problems/busy');
    await page.getByRole('link', { name: 'POST /api/v1/classify' }).click();
    await page.waitForURL(/\/reference\/#classify/);
    await page.context().close();
    const unknown = await fetch(`${site.worker.url}/problems/no-such`);
    expect([unknown.status, unknown.headers.get('Content-Type')]).toEqual([404, 'application/problem+json']);
  });
});

test('they made no complaint in the console', () => {
  expect(site.complaints).toEqual([]);
});
