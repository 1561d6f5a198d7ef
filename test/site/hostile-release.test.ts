import { hash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Manifest } from '#shared/release';
import { verifyRelease } from '../../batch/publish/index.ts';
import { linkTo } from '../../site/format.ts';
import { embeddedCroissant } from '../../site/json-ld.ts';
import { buildPages } from '../support/built-site.ts';
import { writeSmallRelease } from '../support/small-release.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'atlas-site-release-'));
  vi.stubEnv('ATLAS_RELEASE', root);
  vi.resetModules();
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(root, { recursive: true, force: true });
});

/** What the site's pages are built from, of a release whose manifest somebody changed and hashed again. */
async function atlasOf(change: (manifest: Manifest) => void) {
  const manifest = await writeSmallRelease(root);
  change(manifest);
  const text = JSON.stringify(manifest);
  await writeFile(join(root, 'releases/1.0.0/manifest.json'), text);
  const pointer = JSON.parse(await readFile(join(root, 'latest.json'), 'utf8'));
  pointer.manifest.sha256 = hash('sha256', text);
  await writeFile(join(root, 'latest.json'), JSON.stringify(pointer));
  const { loadAtlas } = await import('../../site/release.ts');
  return loadAtlas();
}

/** The pages that Astro makes of the release, by their path. */
async function pages(): Promise<Map<string, string>> {
  const out = join(root, 'dist');
  await buildPages(root, out);
  const files = (await readdir(out, { recursive: true })).filter((file) => file.endsWith('.html'));
  return new Map(
    await Promise.all(files.map(async (file) => [file, await readFile(join(out, file), 'utf8')] as const)),
  );
}

describe('a release that means harm', () => {
  test.each<[what: string, change: (manifest: Manifest) => void]>([
    [
      'a record outside of it',
      ({ perturbations: [one] }) => {
        one.record = '../../../../etc/passwd';
      },
    ],
    [
      'a listed file outside of it',
      ({ files }) => {
        files[0].key = 'releases/../../x';
      },
    ],
    [
      'an id that is a path',
      ({ perturbations: [one] }) => {
        one.id = '../../index';
      },
    ],
    [
      'an id with a mark of direction',
      ({ perturbations: [one] }) => {
        one.id = 'a\u202eb';
      },
    ],
  ])('with %s is not built from, nor verified', async (_what, change) => {
    await expect(atlasOf(change)).rejects.toThrow(/is no safe file name/);
    expect((await verifyRelease(root)).problems.length).toBeGreaterThan(0);
  });

  test('with a version that is a command is not built from: people copy it into their shells', async () => {
    const change = (manifest: Manifest) => {
      manifest.version = '1.0.0;id';
    };
    await expect(atlasOf(change)).rejects.toThrow(/a version is a number/);
    expect((await verifyRelease(root)).problems[0].problem).toMatch(/version is not right: a version is a number/);
  });

  test('with addresses that are none, and a document that is none, is shown without them', async () => {
    const atlas = await atlasOf(({ photos: [photo] }) => {
      photo.source = 'https://x/%zz';
    });
    expect(linkTo(atlas.manifest.photos[0].source)).toEqual({ href: 'https://x/%zz', name: '%zz' });
    for (const source of ['https://[', 'javascript:alert(1)', 'data:text/html,x', 'in words'])
      expect(linkTo(source)).toBe(null);
    expect(linkTo('https://example.org/a/L%C3%B6ffel.jpg')?.name).toBe('Löffel.jpg');
    for (const croissant of [{ distribution: 1, recordSet: [] }, { distribution: [null], recordSet: [] }, 'text'])
      expect(embeddedCroissant({ ...atlas, croissant }, '/downloads/', undefined)).toBe(null);
  });

  test('puts no script and no address of its own into a page, and ends no build', async () => {
    const script = '"></script><script>alert(1)</script><img src=x onerror=alert(1)>';
    await atlasOf((manifest) => {
      manifest.title = script;
      manifest.description = script;
      manifest.models[0].card.title = script;
      manifest.models[0].card.credit = script;
      Object.assign(manifest.photos[0], { author: script, licence: script, source: 'javascript:alert(1)' });
      manifest.photos.push({ ...manifest.photos[0], file: 'b.jpg', source: 'https://x/%zz' });
    });
    const made = await pages();
    expect([...made.keys()]).toContain('downloads/index.html');
    for (const [path, html] of made) {
      // Within quotes it is text.
      const elements = html.replaceAll(/="[^"]*"/g, '');
      expect(/<script>alert|<img src=x/.exec(elements), path).toBe(null);
      expect(/href="javascript:/.exec(html), path).toBe(null);
    }
    expect(made.get('downloads/index.html')).toContain('<a href="https://x/%zz">%zz</a>');
  });
});
