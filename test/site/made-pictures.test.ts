/** What is made while the site is built: small pictures, pictures beside links, icons, feeds. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { APIContext } from 'astro';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { sniffImage } from '#shared/images';
import { codecs } from '../../batch/photos/index.ts';
import { writeSmallRelease } from '../support/small-release.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'atlas-made-'));
  await writeSmallRelease(root);
  vi.stubEnv('ATLAS_RELEASE', root);
  vi.resetModules();
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(root, { recursive: true, force: true });
});

const bytesOf = async (response: Response) => new Uint8Array(await response.arrayBuffer());
const decode = async (bytes: Uint8Array) => (await codecs()).decode(bytes);
const context = (params: object, props: object, site?: string) =>
  ({ params, props, site: site && new URL(site) }) as unknown as APIContext;

test('photographs are small WebP files of the crop that networks see', async () => {
  const { GET, getStaticPaths } = await import('../../site/pages/pictures/[...path].webp.ts');
  const made = getStaticPaths();
  expect(made.map(({ params }) => params.path)).toEqual([
    'photos/cat',
    'perturbations/noise.inf10.s1/preview',
    'perturbations/noise.inf10.s1/examples/cat',
    'exact/perturbations/noise.inf10.s1/preview',
  ]);
  const bytes = await bytesOf(await GET(context(made[0].params, made[0].props) as never));
  expect(sniffImage(bytes)?.type).toBe('webp');
  expect(await decode(bytes)).toMatchObject({ width: 224, height: 224 });
  expect(bytes.length).toBeLessThan(20_000);
});

test('what cannot be read as a picture is passed on as it is, and ends no build', async () => {
  const { smallWebp } = await import('../../site/pictures.ts');
  const key = 'releases/1.0.0/tables/transfer.csv';
  const bytes = await smallWebp({ path: 'x', key, isPhoto: false });
  expect(new TextDecoder().decode(bytes)).toContain('perturbation,');
});

test('beside a link stands a photograph, the plate, and the photograph with it', async () => {
  const { GET, getStaticPaths } = await import('../../site/pages/social/[name].jpg.ts');
  const made = getStaticPaths();
  expect(made.map(({ params }) => params.name)).toEqual(['atlas', 'noise.inf10.s1']);
  const { data, width, height } = await decode(await bytesOf(await GET(context({}, made[1].props) as never)));
  expect([width, height]).toEqual([800, 420]);
  // Paper at the corner, and pictures in three places of the middle.
  const paper = [247, 243, 234];
  const differs = (x: number) => paper.some((value, i) => Math.abs(data[4 * (210 * width + x) + i] - value) > 30);
  const at = Array.from({ length: width }, (_, x) => differs(x));
  for (const middle of [140, 400, 660])
    expect(at.slice(middle - 100, middle + 100).filter(Boolean).length).toBeGreaterThan(100);
  expect(at.slice(0, 20).some(Boolean)).toBe(false);
});

test('icons are the mark of the Atlas, its middle red', async () => {
  const { GET, getStaticPaths } = await import('../../site/pages/[icon].png.ts');
  for (const { params, props } of getStaticPaths()) {
    const { data, width } = await decode(await bytesOf(await GET(context(params, props) as never)));
    expect(width).toBe(props.side);
    expect([...data.slice(4 * (width * (width / 2) + width / 2)).slice(0, 3)]).toEqual([181, 38, 15]);
  }
});

test('the sitemap names every page by its whole address, and the feed the release', async () => {
  const { GET } = await import('../../site/pages/[feed].xml.ts');
  const text = async (feed: string) =>
    await ((await GET(context({ feed }, {}, 'https://atlas.example.org/') as never)) as Response).text();
  const places = [...(await text('sitemap')).matchAll(/<loc>(.*?)<\/loc>/g)].map(([, place]) => place);
  expect(places).toContain('https://atlas.example.org/perturbations/noise.inf10.s1/');
  expect(places).not.toContain('https://atlas.example.org/findings/');
  expect(await text('releases')).toMatch(/<title>Release 1\.0\.0: A small release<\/title>.*<pubDate>Thu, 01 Jan 2026/);
  const robots = await import('../../site/pages/robots.txt.ts');
  const said = async (site?: string) => (await robots.GET(context({}, {}, site) as never)).text();
  expect(await said()).not.toContain('Sitemap');
  expect(await said('https://atlas.example.org/')).toContain('Sitemap: https://atlas.example.org/sitemap.xml');
});
