/** A release as the pages read it. */
import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { embeddedCroissant } from '../../site/json-ld.ts';
import type { Atlas } from '../../site/release.ts';
import { writeSmallRelease } from '../support/small-release.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'atlas-site-'));
  await writeSmallRelease(root);
  vi.stubEnv('ATLAS_RELEASE', root);
  vi.resetModules();
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(root, { recursive: true, force: true });
});
const load = async () => (await import('../../site/release.ts')).loadAtlas();

test('its plates have all their rows, and of their own those on the networks they were crafted on: noise has none', async () => {
  const { plates, rows, targets } = await load();
  expect(plates.map(({ number, title, own }) => [number, title, own])).toEqual([[1, 'Noise', []]]);
  expect(rows).toHaveLength(1);
  expect(targets).toEqual(['tiny']);
});

test('one whose manifest is not the one that latest.json names is not shown', async () => {
  await appendFile(join(root, 'releases/1.0.0/manifest.json'), '\n');
  await expect(load()).rejects.toThrow(/is not whole: .*manifest\.json/);
});

test('its Croissant document has the addresses under which the Worker serves the files', () => {
  const atlas = {
    manifest: { version: '1.0.0' },
    croissant: {
      recordSet: [],
      distribution: ['tables/transfer.csv', '../../models/abc.onnx', 'photos/a b.jpg'].map((contentUrl) => ({
        contentUrl,
      })),
    },
  } as unknown as Atlas;
  const addresses = (site?: URL) =>
    (embeddedCroissant(atlas, '/downloads/', site) as { distribution: { contentUrl: string }[] }).distribution.map(
      ({ contentUrl }) => contentUrl,
    );
  const paths = [
    '/data/releases/1.0.0/tables/transfer.csv',
    '/data/models/abc.onnx',
    '/data/releases/1.0.0/photos/a%20b.jpg',
  ];
  expect(addresses()).toEqual(paths);
  expect(addresses(new URL('https://atlas.example'))).toEqual(paths.map((path) => `https://atlas.example${path}`));
});
