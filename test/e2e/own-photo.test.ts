/** Photographs that a visitor brings to the lab, and what a visitor takes along, in a real browser. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Manifest, perturbationRecord, photoId } from '#shared/release';
import { codecs } from '../../batch/photos/index.ts';
import { launchBrowser } from '../support/browser.ts';
import { type BuiltSite, buildSite } from '../support/built-site.ts';
import { answered } from '../support/lab.ts';
import { readKey, TEST_RELEASE, testManifest } from '../support/release.ts';

let site: BuiltSite;
let release: Manifest;

beforeAll(async () => {
  release = await testManifest();
  site = await buildSite();
}, 180_000);

afterAll(() => site?.close());

/** 16 x 16 pixels, as programs for print save them. */
const cmyk = [
  '/9j/7gAOQWRvYmUAZAAAAAAA/9sAQwAUDg8SDw0UEhASFxUUGB4yIR4cHB49LC4kMklATEtHQEZFUFpzYlBVbVZFRmSIZW13e4GC',
  'gU5gjZeMfZZzfoF8/8AAFAgAEAAQBEMRAE0RAFkRAEsRAP/EABYAAQEBAAAAAAAAAAAAAAAAAAAFBv/EABQQAQAAAAAAAAAAAAAA',
  'AAAAAAD/2gAOBEMATQBZAEsAAD8A2aElNWAAAA//2Q==',
].join('');

const open = (path: string, options = {}) => site.open(path, { reducedMotion: 'reduce', ...options });
const close = (page: Page) => page.context().close();

test('a photograph of 49 megapixels that is dropped is made smaller here, which is said, and read as it is', async () => {
  const page = await open('/?strength=0');
  const clean = await answered(page, { by: 'release' });
  await page.evaluate(async () => {
    const side = 7000;
    const canvas = Object.assign(document.createElement('canvas'), { width: side, height: side });
    // With the margin that a canvas leaves out.
    const photo = document.querySelector<HTMLCanvasElement>('canvas[data-clean]')!;
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

test('a photograph of one\u2019s own is at hand on the wall and on plates, comes back, and is forgotten when asked', async () => {
  const plate = release.perturbations.find(({ surrogates }) => surrogates.length > 0)!;
  const page = await open(`/?strength=1&perturbation=${plate.id}`);
  await answered(page, { by: 'release' });
  const photo = join(TEST_RELEASE, release.photos[1].key);
  await page.locator('input[type=file]').first().setInputFiles(photo);
  const label = await answered(page, { photo: 'own.1' });
  await expect.poll(() => new URL(page.url()).searchParams.has('photo')).toBe(false);

  // On a plate: shown with the pattern on it, and read in the lab.
  await page.goto(`${site.worker.url}/perturbations/${plate.id}/`);
  const tile = page.locator('.view-photos input[data-own]');
  await tile.check({ force: true });
  await page.locator('plate-view').scrollIntoViewIfNeeded();
  const painted = (frame: string) =>
    page.locator(`[data-frame=${frame}] [data-picture]`).evaluate((canvas) => {
      const { data } = (canvas as HTMLCanvasElement).getContext('2d')!.getImageData(0, 0, 224, 224);
      return [...data].filter((_, i) => i % 4 !== 3);
    });
  await page.locator('[data-frame=sum] [data-painted]').waitFor();
  await expect.poll(() => page.locator('[data-said-after]').textContent()).toContain('the lab reads it');
  // Another decoder gives slightly other pixels, and the same photograph.
  const { canvas } = await codecs();
  const planes = await canvas(new Uint8Array(await readFile(photo)), 224);
  const clean = await painted('clean');
  const apart = clean.map((value, i) => Math.abs(value - planes[(i % 3) * 224 * 224 + Math.floor(i / 3)]));
  expect(apart.reduce((sum, one) => sum + one, 0) / apart.length).toBeLessThan(3);
  expect(await painted('sum')).not.toEqual(clean);
  for (const live of await page.locator('[data-live=photo]').allTextContents()) expect(live).not.toContain('own');
  await page.locator('[data-lab]').click();
  expect(await answered(page, { photo: 'own.1', perturbation: plate.id, strength: 1 })).toBe(label);
  await expect.poll(() => page.url()).not.toContain('own.1');

  // On the wall: before the others, and with the pattern on it too.
  await page.goto(`${site.worker.url}/wall/`);
  const own = page.locator('[data-tiles] > li').first();
  await page.getByRole('img', { name: 'Your photograph' }).waitFor();
  expect(await own.getAttribute('class')).toBe('own');
  const drawn = () => own.locator('canvas').evaluate((canvas) => (canvas as HTMLCanvasElement).toDataURL('image/png'));
  const before = await drawn();
  await page.locator('atlas-wall input[name=strength]').evaluate((input) => {
    (input as HTMLInputElement).value = '1';
    for (const type of ['input', 'change']) input.dispatchEvent(new Event(type, { bubbles: true }));
  });
  await expect.poll(drawn).not.toBe(before);
  await own.locator('a').click();
  await answered(page, { photo: 'own.1', strength: 1 });

  // The entry of the history shows it again, after another page too.
  await page.goto(`${site.worker.url}/about/`);
  await page.goBack();
  await answered(page, { photo: 'own.1' });
  await page.getByRole('button', { name: 'Forget my photographs' }).click();
  await answered(page, { by: 'release' });
  expect(await page.locator('.strip input[value^="own."]').count()).toBe(0);
  await page.goto(`${site.worker.url}/perturbations/${plate.id}/`);
  await page.locator('plate-view').scrollIntoViewIfNeeded();
  await page.locator('[data-frame=sum] [data-painted]').waitFor();
  expect(await tile.count()).toBe(0);
  await page.goto(`${site.worker.url}/?photo=own.1`);
  await answered(page, { by: 'release' });
  await close(page);
}, 60_000);

test('the camera is a mirror: what it sees is read here with the pattern on it, again and again, until it is stopped', async () => {
  const browser = await launchBrowser({ camera: true });
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce' });
  const page = await context.newPage();
  const said: string[] = [];
  const sent: string[] = [];
  page.on('console', (message) => message.type() === 'error' && said.push(message.text()));
  page.on('pageerror', (error) => said.push(error.message));
  page.on('request', (request) => request.method() !== 'GET' && sent.push(request.url()));
  // The tracks that pages get, to see that they end.
  await page.addInitScript(() => {
    const devices = navigator.mediaDevices;
    const ask = devices.getUserMedia.bind(devices);
    const kept = window as unknown as { tracks: MediaStreamTrack[] };
    kept.tracks = [];
    devices.getUserMedia = async (wanted) => {
      const stream = await ask(wanted);
      kept.tracks.push(...stream.getTracks());
      return stream;
    };
  });
  await page.goto(`${site.worker.url}/?strength=0`);
  const label = await answered(page, { by: 'release' });
  await page.getByRole('button', { name: 'Live camera' }).click();
  await answered(page, { photo: 'camera', by: 'browser', strength: 0 });
  expect(await page.locator('[data-mirror-said]').textContent()).toContain('stays in this browser');
  // Nobody's photograph is on the screen, and nothing is offered that would be about one.
  expect(await page.locator('[data-credit]').textContent()).toBe('What your camera sees.');
  expect(await page.locator('input[name=photo]:checked').count()).toBe(0);
  expect(await page.getByRole('button', { name: 'What every network reads' }).isVisible()).toBe(false);
  const pixels = (name: string) =>
    page.locator(`canvas[data-${name}]`).evaluate((canvas) => (canvas as HTMLCanvasElement).toDataURL());
  const both = () => Promise.all([pixels('clean'), pixels('perturbed')]);
  // The picture of the camera moves.
  const first = await pixels('clean');
  await expect.poll(() => pixels('clean')).not.toBe(first);
  // Not for a moment does another strength bring the photograph back.
  const credit = await page.evaluate(() => {
    document.querySelector<HTMLElement>('[data-preset="2"]')?.click();
    return document.querySelector('[data-credit]')?.textContent;
  });
  expect(credit).toBe('What your camera sees.');
  await answered(page, { photo: 'camera', strength: 2 });
  await expect.poll(async () => (await both()).every((one, _, [clean]) => one === clean)).toBe(false);
  expect(await page.locator('.top li').count()).toBe(5);
  expect(await page.locator('[data-reader]').textContent()).toContain('reads');
  // It is stopped by its button, from the keyboard too, and the photograph is there again.
  await page.getByRole('button', { name: 'Stop the camera' }).focus();
  await page.keyboard.press('Enter');
  await page.locator('[data-preset="0"]').click();
  expect(await answered(page, { by: 'release', strength: 0 })).toBe(label);
  expect(await page.locator('[data-credit]').textContent()).toMatch(/^Photograph: /);
  expect(await page.locator('input[name=photo]:checked').count()).toBe(1);
  const tracks = () =>
    page.evaluate(() => (window as unknown as { tracks: MediaStreamTrack[] }).tracks.map((track) => track.readyState));
  expect(await tracks()).toEqual(['ended']);
  // Another photograph ends it as well.
  await page.getByRole('button', { name: 'Live camera' }).click();
  await answered(page, { photo: 'camera' });
  await page.locator('input[name=photo]').nth(1).check({ force: true });
  await answered(page, { by: 'release' });
  await expect.poll(tracks).toEqual(['ended', 'ended']);
  expect([said, sent]).toEqual([[], []]);
  await browser.close();
}, 60_000);

test('where there is no camera, or none is allowed, it says so, and the answer to the photograph stands', async () => {
  const page = await open('/?strength=1');
  const label = await answered(page, { by: 'release' });
  const told = page.locator('[data-mirror-said]');
  const button = page.getByRole('button', { name: 'Live camera' });
  await button.click();
  await expect.poll(() => told.textContent()).toMatch(/no camera|not allowed/);
  expect(await answered(page, { by: 'release' })).toBe(label);
  for (const [name, words] of [
    ['NotAllowedError', 'not allowed'],
    ['NotReadableError', 'in use elsewhere'],
    ['OverconstrainedError', 'gives no picture'],
  ]) {
    await page.evaluate((failure) => {
      navigator.mediaDevices.getUserMedia = async () => {
        throw new DOMException('', failure);
      };
    }, name);
    await button.click();
    await expect.poll(() => told.textContent()).toContain(words);
    expect(await answered(page, { by: 'release' })).toBe(label);
  }
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
  expect(await page.locator('[data-converted]').textContent()).toContain('The file is GIF, no JPEG, PNG or WebP');
  await page.locator('input[name=where][value=edge]').check({ force: true });
  expect(await answered(page, { photo: 'own.1', by: 'edge' })).toBe(label);
  expect(await page.locator('[data-credit]').textContent()).toContain('sent to the edge');
  await close(page);
});

test('a photograph of a phone that no browser here reads is told by its kind, with what helps', async () => {
  const page = await open('/?strength=1');
  await answered(page, { by: 'release' });
  const heic = Buffer.from([0, 0, 0, 24, ...Buffer.from('ftypheic\0\0\0\0mif1heic'), ...Buffer.alloc(64)]);
  await page
    .locator('input[type=file]')
    .first()
    .setInputFiles({ name: 'IMG_1.HEIC', mimeType: 'image/heic', buffer: heic });
  await expect
    .poll(() => page.locator('[data-cause]').textContent())
    .toMatch(/IMG_1\.HEIC is HEIC, .* Safari does\. Share it as JPEG/);
  await close(page);
});

test('a JPEG in CMYK is read by the browser, which is said', async () => {
  const page = await open('/?strength=1');
  await answered(page, { by: 'release' });
  await page
    .locator('input[type=file]')
    .first()
    .setInputFiles({ name: 'print.jpg', mimeType: 'image/jpeg', buffer: Buffer.from(cmyk, 'base64') });
  expect(await answered(page, { photo: 'own.1', by: 'browser' })).not.toBe('');
  expect(await page.locator('[data-converted]').textContent()).toContain('is JPEG in CMYK of a kind');
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
