/** Photographs that a visitor brings to the lab, and what a visitor takes along, in a real browser. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Manifest, perturbationRecord, photoId } from '#shared/release';
import { type BuiltSite, buildSite } from '../support/built-site.ts';
import { readKey, TEST_RELEASE, testManifest } from '../support/release.ts';

let site: BuiltSite;
let release: Manifest;

beforeAll(async () => {
  release = await testManifest();
  site = await buildSite();
}, 180_000);

afterAll(() => site?.close());

const open = (path: string, options = {}) => site.open(path, { reducedMotion: 'reduce', ...options });
const close = (page: Page) => page.context().close();

async function answered(page: Page, state: Record<string, string | number>): Promise<string> {
  await page.waitForFunction(
    (wanted) => {
      const answer = JSON.parse(document.querySelector<HTMLElement>('atlas-lab')?.dataset.answered ?? 'null');
      return answer && Object.entries(wanted).every(([key, value]) => answer[key] === value);
    },
    state,
    { timeout: 20_000 },
  );
  return (await page.locator('[data-label]').textContent()) ?? '';
}

test('a photograph of 49 megapixels that is dropped is made smaller here, which is said, and read as it is', async () => {
  const page = await open('/?strength=0');
  const clean = await answered(page, { by: 'release' });
  await page.evaluate(async () => {
    const side = 7000;
    const canvas = Object.assign(document.createElement('canvas'), { width: side, height: side });
    // With the margin that a canvas leaves out.
    const photo = document.querySelector<HTMLImageElement>('.frame img')!;
    const margin = (side * 16) / 256;
    canvas.getContext('2d')!.drawImage(photo, 0, 0, side, side);
    canvas.getContext('2d')!.drawImage(photo, margin, margin, side - 2 * margin, side - 2 * margin);
    const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/jpeg', 0.9));
    const data = new DataTransfer();
    data.items.add(new File([blob!], 'huge.jpg', { type: 'image/jpeg' }));
    const lab = document.querySelector('atlas-lab')!;
    for (const type of ['dragover', 'drop'])
      lab.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }));
  });
  expect(await answered(page, { photo: 'own.1', by: 'browser' })).toBe(clean);
  expect(await page.locator('[data-converted]').textContent()).toContain('more than 16 megapixels');
  expect(await page.locator('[data-credit]').textContent()).toBe(
    'Your photograph: huge.jpg. It stays in this browser.',
  );
  expect(await page.locator('.strip input[value="own.1"]').isChecked()).toBe(true);
  // It stays in the strip, and is there again when another one has been looked at.
  await page.locator('input[name=photo]').first().check({ force: true });
  await answered(page, { by: 'release' });
  await page.locator('.strip input[value="own.1"]').check({ force: true });
  expect(await answered(page, { photo: 'own.1' })).toBe(clean);
  await close(page);
}, 120_000);

test('a pattern on a photograph that is brought is named here, with the chance of a false alarm, and none on a clean one', async () => {
  const sent: string[] = [];
  const page = await open('/?strength=0');
  page.on('request', (request) => request.method() !== 'GET' && sent.push(request.url()));
  const ask = page.getByRole('button', { name: 'Is a pattern on it already?' });
  const said = page.locator('[data-identified]');
  const bring = (key: string) => page.locator('input[type=file]').first().setInputFiles(join(TEST_RELEASE, key));
  await answered(page, { by: 'release' });
  expect(await ask.isVisible()).toBe(false);
  expect(await page.getByRole('button', { name: 'Share' }).isVisible()).toBe(
    await page.evaluate(() => 'share' in navigator),
  );

  const [number, { record }] = [...release.perturbations.entries()].find(
    ([, { surrogates }]) => surrogates.length > 0,
  )!;
  const { examples } = perturbationRecord.parse(JSON.parse((await readKey(record)).toString()));
  await bring(examples[0].key);
  await answered(page, { photo: 'own.1' });
  await ask.click();
  await expect.poll(() => said.textContent(), { timeout: 20_000 }).toContain(`Plate ${number + 1} is on this picture`);
  expect(await said.textContent()).toMatch(
    /at (0\.9|1\.0)\d ± 0\.\d\d of its strength\. By chance, fewer than one in a trillion/,
  );
  expect(await said.getByRole('link').getAttribute('href')).toContain(release.perturbations[number].id);

  await bring(release.photos[0].key);
  await answered(page, { photo: 'own.2' });
  expect(await said.textContent()).toBe('');
  await ask.focus();
  await page.keyboard.press('Enter');
  await expect
    .poll(() => said.textContent(), { timeout: 20_000 })
    .toContain(`None of the ${release.perturbations.length} plates is on this picture`);
  await page.locator('input[name=photo]').first().check({ force: true });
  expect([await said.textContent(), await ask.isVisible()]).toEqual(['', false]);
  expect(sent).toEqual([]);
  await close(page);
});

test('a GIF that is pasted is decoded by the browser, and the edge can read it too', async () => {
  const page = await open('/?strength=1');
  await page.evaluate(() => {
    const gif = Uint8Array.from(
      atob('R0lGODdhCAAIAIEAAMgoKB48yAAAAAAAACwAAAAACAAIAAAIGwABCAQQoGCAgQQNIjR4cCDDhQodRhT4UGLBgAA7'),
      (letter) => letter.charCodeAt(0),
    );
    const data = new DataTransfer();
    data.items.add(new File([gif], 'small.gif', { type: 'image/gif' }));
    document.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true }));
  });
  const label = await answered(page, { photo: 'own.1', by: 'browser' });
  expect(await page.locator('[data-converted]').textContent()).toContain('is no JPEG, PNG or WebP');
  await page.locator('input[name=where][value=edge]').check({ force: true });
  expect(await answered(page, { photo: 'own.1', by: 'edge' })).toBe(label);
  expect(await page.locator('[data-credit]').textContent()).toContain('sent to the edge');
  await close(page);
});

test('every network reads the picture on the screen, and the table goes with it', async () => {
  const page = await open('/?strength=1');
  const label = await answered(page, { by: 'release' });
  await page.getByRole('button', { name: 'What every network reads' }).click();
  const rows = page.locator('[data-every-table] tbody tr');
  const served = release.models.filter(({ edge }) => edge);
  await expect.poll(() => rows.count()).toBe(served.length);
  await expect.poll(() => rows.locator('td', { hasText: '…' }).count(), { timeout: 30_000 }).toBe(0);
  expect(await rows.first().textContent()).toContain(label);
  expect(await rows.locator('th').allTextContents()).toEqual(served.map(({ card }) => card.title));
  await page.locator('[data-preset="0"]').click();
  expect(await page.locator('[data-every-table]').isVisible()).toBe(false);
  await close(page);
});

test('the address is copied, and the picture saved with what was read in it', async () => {
  const [photo] = release.photos;
  const page = await open(`/?photo=${photoId(photo.file)}&strength=1`, {
    permissions: ['clipboard-read', 'clipboard-write'],
    acceptDownloads: true,
  });
  await answered(page, { strength: 1 });
  await page.getByRole('button', { name: 'Copy link' }).click();
  await page.getByRole('button', { name: 'Copied' }).waitFor();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(page.url());
  const downloading = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save picture' }).click();
  const download = await downloading;
  expect(download.suggestedFilename()).toBe('perturbation-atlas.png');
  const png = await readFile(await download.path());
  expect([png.subarray(1, 4).toString(), png.readUInt32BE(16)]).toEqual(['PNG', 3 * 224 + 4 * 16]);
  await close(page);
});

test('made no complaint in the console', () => {
  expect(site.complaints).toEqual([]);
});
