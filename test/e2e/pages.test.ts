/** What holds for every page, however it is looked at. */
import { gzipSync } from 'node:zlib';
import axe from 'axe-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { problemKinds } from '#shared/api';
import { type Manifest, photoId } from '#shared/release';
import { type BuiltSite, buildSite, tooWide } from '../support/built-site.ts';
import { testManifest } from '../support/release.ts';

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

  test('fetches at most 60 kB of script at once, however its modules import each other, and names all of them', async () => {
    for (const path of pages()) {
      const html = await (await fetch(site.worker.url + path)).text();
      const scripts = [...html.matchAll(/<script type="module" src="([^"]+)"/g)].map(([, file]) => file);
      const named = [...html.matchAll(/<link rel="modulepreload" href="([^"]+)"/g)].map(([, file]) => file);
      const files = [...new Set([...scripts, ...named])];
      const codes = await Promise.all(files.map(async (file) => (await fetch(site.worker.url + file)).text()));
      const imported = codes.flatMap((code) =>
        [...code.matchAll(/(?:from|import)"\.\/([^"]+)"/g)].map(([, name]) => `/_astro/${name}`),
      );
      expect(
        imported.filter((file) => !files.includes(file)),
        path,
      ).toEqual([]);
      const bytes = codes.reduce((sum, code) => sum + gzipSync(code).length, 0);
      expect(bytes, path).toBeLessThanOrEqual(60_000);
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
