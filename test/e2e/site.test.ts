import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openApiDocument, problemKinds } from '#shared/api';
import type { Manifest } from '#shared/release';
import { type BuiltSite, buildSite } from '../support/built-site.ts';
import { testManifest } from '../support/release.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
let site: BuiltSite;
let worker: BuiltSite['worker'];
let release: Manifest;

beforeAll(async () => {
  release = await testManifest();
  site = await buildSite();
  worker = site.worker;
}, 180_000);

afterAll(() => site?.close());

const open: BuiltSite['open'] = (...args) => site.open(...args);
const close = (page: Page) => page.context().close();

const pages = () => [
  '/',
  '/perturbations/',
  `/perturbations/${encodeURIComponent(release.perturbations[0].id)}/`,
  '/transfer/',
  '/findings/',
  '/downloads/',
  '/reference/',
  '/wall/',
];

describe('the pages', () => {
  test('show their content without JavaScript', async () => {
    const texts: string[] = [];
    for (const path of pages()) {
      const page = await open(path, { javaScriptEnabled: false });
      texts.push((await page.locator('main').textContent()) ?? '');
      await close(page);
    }
    const [home, gallery, plate, transfer, findings, downloads, reference] = texts;
    expect(home).toContain('fooled');
    expect(gallery).toContain(`Plate ${release.perturbations.length}`);
    expect(plate).toContain('fooled');
    expect(transfer).toMatch(/\d+ of \d+/);
    expect(findings).toContain('fooled on every model');
    expect(downloads).toContain(release.photos[0].author);
    expect(reference).toContain('/api/v1/classify');
    for (const [kind, { status, title, remedy }] of Object.entries(problemKinds)) {
      expect(reference).toContain(`${status} ${kind}`);
      expect(reference).toContain(`${title}.`);
      expect(reference).toContain(remedy.replaceAll('`', ''));
    }
  });

  test('lead from every operation of the API to what its kinds of problem mean', async () => {
    const page = await open('/reference/');
    const targets = await page
      .locator('.operation a[href^="#problem-"]')
      .evaluateAll((links) => links.map((link) => link.getAttribute('href')!));
    const operations = Object.values(openApiDocument.paths).flatMap((methods) => Object.values(methods));
    const kinds = operations.flatMap(({ responses }) =>
      Object.values(responses as Record<string, { 'x-problems'?: string[] }>).flatMap((one) => one['x-problems'] ?? []),
    );
    expect(targets.toSorted()).toEqual(kinds.map((kind) => `#problem-${kind}`).toSorted());
    for (const target of new Set(targets)) expect(await page.locator(target).count(), target).toBe(1);
    await close(page);
  });

  test('carry the release for machines, with addresses that hold, and examples that run', async () => {
    const page = await open('/downloads/', { permissions: ['clipboard-read', 'clipboard-write'] });
    const jsonLd = JSON.parse((await page.locator('script[type="application/ld+json"]').textContent())!);
    expect(jsonLd).toMatchObject({ conformsTo: 'http://mlcommons.org/croissant/1.1', url: '/downloads/' });
    const listed = new Map(release.files.map(({ key, sha256 }) => [`/data/${key}`, sha256]));
    for (const { contentUrl, sha256 } of jsonLd.distribution)
      expect(sha256).toBe(listed.get(decodeURIComponent(contentUrl)));
    const [small] = jsonLd.distribution.filter(({ contentUrl }: { contentUrl: string }) => contentUrl.endsWith('.csv'));
    expect((await fetch(worker.url + small.contentUrl)).status).toBe(200);

    const snippets = await page.locator('.snippet pre').allTextContents();
    const starting = (text: string) => snippets.find((one) => one.startsWith(text))!;
    const folder = await mkdtemp(join(tmpdir(), 'atlas-snippets-'));
    try {
      const fetched = await promisify(execFile)('bash', ['-e', '-c', starting('mkdir')], { cwd: folder });
      // All but the sums themselves, and what tells of the run.
      expect(fetched.stdout.match(/: OK$/gm)).toHaveLength(release.files.length - 2);
      // Inside the checkout, where hyparquet is found.
      const javascript = ['--input-type=module', '-e', starting('import {')];
      const { stdout } = await promisify(execFile)(process.execPath, javascript, { cwd: root });
      expect(stdout).toContain(release.perturbations[0].id);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
    const cite = page.locator('.snippet', { hasText: '@misc' });
    await cite.getByRole('button').click();
    await cite.getByRole('button', { name: 'Copied' }).waitFor({ timeout: 10_000 });
    expect(await page.evaluate(() => navigator.clipboard.readText())).toContain(`version = {${release.version}}`);
    await close(page);
  });

  test('never scroll sideways on a screen of 360 pixels', async () => {
    for (const path of pages()) {
      const page = await open(path, { viewport: { width: 360, height: 740 } });
      expect([path, await page.evaluate(() => document.documentElement.scrollWidth)]).toEqual([path, 360]);
      await close(page);
    }
  });

  test('lead with the keyboard through the cells of the matrix, and tell each in words', async () => {
    const page = await open('/transfer/');
    await page.locator('.matrix td').first().focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowDown');
    const focused = await page.evaluate(() => {
      const cell = document.activeElement as HTMLTableCellElement;
      return [cell.cellIndex, (cell.parentElement as HTMLTableRowElement).sectionRowIndex, cell.tabIndex];
    });
    expect(focused).toEqual([2, 1, 0]);
    expect(await page.locator('[data-matrix-said]').textContent()).toMatch(/^Plate 2.*95 % interval/);
    expect(await page.locator('.matrix td[tabindex="0"]').count()).toBe(1);
    await close(page);
  });

  test('show what each finding of the release says, with its table and its command, and no other', async () => {
    const page = await open('/findings/');
    const shown = await page.locator('main section').evaluateAll((sections) => sections.map(({ id }) => id));
    const told = release.tables.filter(({ name, says }) => says !== undefined || name === 'controls');
    expect(shown.toSorted()).toEqual(told.map(({ name }) => name).toSorted());
    const roles = release.tables.find(({ name }) => name === 'roles')!;
    const section = page.locator('section#roles');
    const titleOf = new Map(release.models.map(({ card }) => [card.id, card.title]));
    const words = roles.says!.replaceAll(' %', '\u202f%').replaceAll(/[a-z]+net\w+/g, (id) => titleOf.get(id) ?? id);
    expect(await section.locator('p').first().textContent()).toBe(words);
    expect(await section.locator('tbody tr').count()).toBe(roles.rows);
    expect(await section.textContent()).toContain('npx atlas analyse studies/test.json --only roles');
    expect(await section.locator('.dots li').count()).toBeGreaterThan(0);
    await close(page);
  });

  test('tell each mark of a figure in words, under the pointer and by the keyboard', async () => {
    const page = await open('/findings/');
    const figure = page.locator('#roles atlas-figure');
    await figure.locator('li[data-said]').first().hover();
    const first = await figure.locator('li[data-said]').first().getAttribute('data-said');
    expect(await figure.locator('[data-told]').textContent()).toBe(first);
    await figure.locator('li[data-said]').first().focus();
    await page.keyboard.press('End');
    const last = await figure.locator('li[data-said]').last().getAttribute('data-said');
    expect(await figure.locator('[data-told]').textContent()).toBe(last);
    expect(await figure.locator('[tabindex="0"]').count()).toBe(1);
    await close(page);
  });

  test('show every picture that they name', async () => {
    for (const path of pages()) {
      const page = await open(path);
      const missing = await page.evaluate(async () => {
        const images = [...document.images];
        for (const image of images) image.loading = 'eager';
        await Promise.all(images.map((image) => image.decode().catch(() => {})));
        return images.filter((image) => image.naturalWidth === 0).map((image) => image.src);
      });
      expect([path, missing]).toEqual([path, []]);
      await close(page);
    }
  });

  test('remember the edition that the visitor chose', async () => {
    const page = await open('/transfer/', { colorScheme: 'light' });
    const paper = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    const day = await paper();
    await page.getByRole('button', { name: /edition/ }).click();
    expect(await paper()).not.toBe(day);
    await page.reload();
    expect(await paper()).not.toBe(day);
    await close(page);
  });

  test('run nothing but their own files, and lie in no frame', async () => {
    for (const path of [...pages(), '/no/such/page', '/edition.js']) {
      const { headers } = await fetch(worker.url + path);
      const policy = headers.get('Content-Security-Policy')?.split('; ') ?? [];
      for (const rule of ["default-src 'none'", "script-src 'self' 'wasm-unsafe-eval'", "frame-ancestors 'none'"])
        expect(policy, path).toContain(rule);
      expect(headers.get('Permissions-Policy'), path).toContain('camera=(self)');
    }
    const page = await open('/transfer/', {}, []);
    const tried = await page.evaluate(async () => {
      const refused: string[] = [];
      document.addEventListener('securitypolicyviolation', (event) => refused.push(event.effectiveDirective));
      const script = document.createElement('script');
      script.textContent = 'document.title = "taken over"';
      document.head.appendChild(script);
      const button = document.createElement('button');
      button.setAttribute('onclick', 'document.title = "taken over"');
      document.body.appendChild(button);
      button.click();
      await fetch('https://example.org/').catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 200));
      return { title: document.title, refused };
    });
    expect(tried.title).not.toContain('taken over');
    expect(tried.refused.toSorted()).toEqual(['connect-src', 'script-src-attr', 'script-src-elem']);
    await close(page);

    const outside = await site.browser.newPage();
    await outside.setContent(`<iframe src="${worker.url}/transfer/"></iframe>`);
    await expect.poll(() => outside.frames().length).toBe(2);
    await expect.poll(() => outside.frames()[1].url()).toMatch(/^chrome-error:/);
    await outside.close();
  });

  test('answer 404 with a page of their own', async () => {
    const response = await fetch(`${worker.url}/no/such/page`);
    expect(response.status).toBe(404);
    expect(await response.text()).toContain('No such plate');
  });

  test('made no complaint in the console', () => {
    expect(site.complaints).toEqual([]);
  });
});
