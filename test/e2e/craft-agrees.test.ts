/**
 * What a visitor crafts is what it says: a pattern from the page, taken along and measured by the command line on the
 * photos that were held out, fools as many of them. On each network of the release.
 * ATLAS_CRAFT_GRADIENTS=200 crafts longer than in everyday tests.
 */
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { atlas } from '../cli/atlas.ts';
import { type BuiltSite, buildSite } from '../support/built-site.ts';
import { TEST_RELEASE, testManifest } from '../support/release.ts';

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
  const apart = join(folder, `held out from ${model.replaceAll('/', ' ')}`);
  await mkdir(apart);
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

describe('a pattern that was crafted in a browser fools as many held-out photos on the command line', () => {
  const models = ['squeezenet1_1', 'efficientnet_lite0', 'efficientnet_lite1', 'efficientnet_lite2'];

  test('these are all networks of the release', async () => {
    expect((await testManifest()).models.map(({ card }) => card.id)).toEqual(models);
  });

  test.each(models)('%s', { timeout: 240_000 }, async (model) => {
    const page = await site.open(`/craft/?network=${model}&budget=${gradientsFor(model)}`, { acceptDownloads: true });
    const into = join(folder, model);
    const record = await craft(page, into);
    await page.context().close();
    const [{ target, p, photos: count, fooled, noise_fooled }] = record.fooling.evaluation;
    expect(target).toBe(model);
    expect(fooled).toBeGreaterThan(noise_fooled);
    expect(p).toBeLessThan(0.05);
    expect(await evaluate(join(into, 'perturbation.npy'), model, record.evaluation.names)).toEqual({
      ...{ photos: count, fooled, noise_fooled },
    });
  });
});
