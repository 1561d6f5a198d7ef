/**
 * What a visitor crafts is what it says: a pattern from the page, taken along and measured by the command line on the
 * photos that were held out, fools as many of them. On each network of the release, and on networks that are dropped on
 * the page. ATLAS_CRAFT_GRADIENTS=200 crafts longer than in everyday tests; ATLAS_DATA names a folder with models/ and
 * images/, of which MobileNetV2 is dropped too.
 */
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ModelCard } from '#shared/release';
import { loadCard } from '../../batch/zoo/index.ts';
import { atlas } from '../cli/atlas.ts';
import { type BuiltSite, buildSite } from '../support/built-site.ts';
import { dropOn } from '../support/drop.ts';
import { TEST_RELEASE, testManifest } from '../support/release.ts';
import { tinyModel } from '../support/tiny-model.ts';

/** SqueezeNet misreads half of the photos under noise already: to tell a pattern from that takes a better one. */
const gradientsFor = (model: string) =>
  process.env.ATLAS_CRAFT_GRADIENTS ?? (model.startsWith('squeezenet') ? '200' : '60');
/** Half of them are held out. */
const PHOTOS = 64;

let site: BuiltSite;
let folder: string;
let photos: string;
let names: string[];

beforeAll(async () => {
  site = await buildSite();
  folder = await mkdtemp(join(tmpdir(), 'atlas-craft-'));
  const [version] = await readdir(join(TEST_RELEASE, 'releases'));
  photos = join(TEST_RELEASE, 'releases', version, 'photos');
  names = (await testManifest()).photos.slice(0, PHOTOS).map(({ file }) => file);
}, 180_000);

afterAll(async () => {
  await site?.close();
  await rm(folder, { recursive: true, force: true });
});

async function save(page: Page, what: string, into: string): Promise<string> {
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.locator(`[data-results] [data-save=${what}]`).click(),
  ]);
  const path = join(into, download.suggestedFilename());
  await download.saveAs(path);
  return path;
}

/** Drops a network on the page, and says how it wants its pixels. */
async function bring(page: Page, onnx: string, { mean, std, range }: ModelCard['preprocessing']): Promise<void> {
  await dropOn(page, 'atlas-craft .opening', onnx);
  await page.locator('[data-about]:not([hidden])').waitFor({ timeout: 60_000 });
  await page.locator('input[name=mean]').fill(mean.join(', '));
  await page.locator('input[name=std]').fill(std.join(', '));
  await page.locator('select[name=range]').selectOption(String(range));
  await page.locator('select[name=fit]').selectOption('crop');
  await page.locator('[data-work]').waitFor({ state: 'hidden', timeout: 60_000 });
  await page.locator('[data-use]').click();
  await page.waitForFunction(() => /network=own/.test(location.search), undefined, { timeout: 60_000 });
}

/** A linear classifier of 32 x 32 pixels, with its card. */
async function writeLinear(into: string): Promise<string> {
  await mkdir(into, { recursive: true });
  const { bytes, sha256 } = tinyModel({ size: 32 });
  await writeFile(join(into, 'linear.onnx'), bytes);
  const card = {
    ...{ id: 'linear', title: 'Linear', licence: 'MIT', classes: 4, labels: null, published: null, edge: false },
    source: { file: 'linear.onnx', sha256, bytes: bytes.byteLength },
    preprocessing: {
      ...{ inputSize: 32, channelOrder: 'RGB', layout: 'NCHW', range: 255 },
      ...{ mean: [0, 0, 0], std: [1, 1, 1] },
    },
  };
  const path = join(into, 'linear.json');
  await writeFile(path, JSON.stringify(card));
  return path;
}

interface Row {
  photos: number;
  fooled: number;
  noise_fooled: number;
}
interface Found {
  evaluation: { names: string[] };
  fooling: { evaluation: (Row & { target: string; p: number })[] };
}

/** Crafts on photos of a visitor, and takes the pattern and its record along. */
async function craft(page: Page, into: string): Promise<Found> {
  await page.locator('atlas-craft[data-ready]').waitFor();
  // Other tests run beside this one, and threads that wait for a processor wait for each other.
  await page.locator('select[name=runtime]').selectOption('wasm-1');
  await page.locator('input[name=photos][value=own]').check();
  await page.locator('input[name=files]').setInputFiles(names.map((name) => join(photos, name)));
  await page.getByText(`${PHOTOS} photographs`).first().waitFor();
  await page.locator('[data-start]').click();
  // The other networks are left out.
  await page.locator('[data-rows] tr').first().waitFor({ timeout: 120_000 });
  await page.locator('[data-stop]').click();
  await page.locator('atlas-craft[data-phase=done]').waitFor({ state: 'attached' });
  await mkdir(into, { recursive: true });
  for (const what of ['npy', 'safetensors', 'preview']) await save(page, what, into);
  return JSON.parse(await readFile(await save(page, 'record', into), 'utf8')) as Found;
}

/** What the command line finds, on the photos that were held out. */
async function evaluate(file: string, model: string, heldOut: readonly string[]): Promise<Row> {
  const apart = await mkdtemp(join(folder, 'held-out-'));
  for (const name of heldOut) await copyFile(join(photos, name), join(apart, name));
  const { code, stdout, stderr } = await atlas([
    ...['evaluate', '--perturbation', file, '--model', model, '--photos', apart],
    ...['--epsilon', '10', '--provider', 'cpu', '--json'],
  ]);
  expect(stderr).not.toContain('was crafted on');
  expect(code, stderr).toBe(0);
  const [{ photos: count, fooled, noise }] = JSON.parse(stdout).results;
  return { photos: count, fooled, noise_fooled: noise.fooled };
}

/** Crafts, and has the command line measure it. */
async function agrees(page: Page, name: string, model: string): Promise<void> {
  const into = join(folder, 'taken along', name);
  const record = await craft(page, into);
  await page.context().close();
  const [{ p, photos: count, fooled, noise_fooled }] = record.fooling.evaluation;
  expect(fooled).toBeGreaterThan(noise_fooled);
  expect(p).toBeLessThan(0.05);
  expect(await evaluate(join(into, 'perturbation.npy'), model, record.evaluation.names)).toEqual({
    ...{ photos: count, fooled, noise_fooled },
  });
}

const open = (query: string) => site.open(`/craft/?${query}`, { acceptDownloads: true });

describe('a pattern that was crafted in a browser fools as many held-out photos on the command line', () => {
  const models = ['squeezenet1_1', 'efficientnet_lite0', 'efficientnet_lite1', 'efficientnet_lite2'];

  test('these are all networks of the release', async () => {
    expect((await testManifest()).models.map(({ card }) => card.id)).toEqual(models);
  });

  test.each(models)('%s', { timeout: 240_000 }, async (model) => {
    const page = await open(`network=${model}&budget=${gradientsFor(model)}`);
    await agrees(page, model, model);
  });

  test('a network of 32 x 32 pixels that is dropped on the page', async () => {
    const card = await writeLinear(join(folder, 'linear'));
    const page = await open(`budget=${gradientsFor('linear')}`);
    await page.locator('atlas-craft[data-ready]').waitFor();
    await bring(page, join(folder, 'linear', 'linear.onnx'), (await loadCard(card)).card.preprocessing);
    await agrees(page, 'linear', card);
  }, 120_000);

  test.skipIf(!process.env.ATLAS_DATA)(
    'MobileNetV2 that is dropped on the page',
    async () => {
      const card = join(process.env.ATLAS_DATA as string, 'models', 'mobilenet_v2_1.0_224.json');
      const page = await open('budget=200');
      await page.locator('atlas-craft[data-ready]').waitFor();
      await bring(page, card.replace(/json$/, 'onnx'), (await loadCard(card)).card.preprocessing);
      await agrees(page, 'mobilenet', card);
    },
    400_000,
  );
});
