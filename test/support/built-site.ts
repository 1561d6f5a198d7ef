import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { launchBrowser } from './browser.ts';
import { TEST_RELEASE } from './release.ts';
import { type RunningWorker, startWorker } from './worker.ts';

/** A build takes some seconds; nobody waits behind one that died. */
const STALE_MS = 120_000;

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The site of the test release, built as it is published, served by the real Worker, and a browser to look at it. */
export interface BuiltSite {
  worker: RunningWorker;
  browser: Browser;
  /** What any page that was opened wrote to its console as an error. */
  complaints: string[];
  /** @param said where its complaints go instead */
  open(path: string, options?: BrowserContextOptions, said?: string[]): Promise<Page>;
  close(): Promise<void>;
}

export async function buildSite(): Promise<BuiltSite> {
  const worker = await startWorker({ release: TEST_RELEASE, assets: await testPages() });
  const browser = await launchBrowser();
  const complaints: string[] = [];
  return {
    ...{ worker, browser, complaints },
    async open(path, options = {}, said = complaints) {
      const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
      const page = await context.newPage();
      page.on('console', (message) => message.type() === 'error' && said.push(`${path}: ${message.text()}`));
      page.on('pageerror', (error) => said.push(`${path}: ${error.message}`));
      await page.goto(worker.url + path);
      return page;
    },
    async close() {
      await browser.close();
      await worker.dispose();
    },
  };
}

/** The widths of a screen, from 320 to 1920 pixels, at which a page scrolls sideways. */
export async function tooWide(page: Page): Promise<number[]> {
  const wide: number[] = [];
  for (let width = 320; width <= 1920; width += 20) {
    await page.setViewportSize({ width, height: 800 });
    if ((await page.evaluate(() => document.documentElement.scrollWidth)) > width) wide.push(width);
  }
  return wide;
}

/** Builds the pages of a release into a folder, as they are published. @throws Error with what Astro said */
export const buildPages = (release: string, dist: string): Promise<void> => alone(() => build(release, dist));

/** The pages of the test release, built once for all who open them; anew where what they are made of has changed. */
async function testPages(): Promise<string> {
  const folder = join(root, '.atlas', 'test-site');
  const dist = join(folder, await stampOf(['site', 'shared', 'astro.config.mjs', 'package-lock.json']));
  const done = `${dist}.done`;
  await alone(async () => {
    if (await readFile(done).catch(() => null)) return;
    await rm(folder, { recursive: true, force: true });
    await build(TEST_RELEASE, dist);
    await writeFile(done, 'built');
  });
  return dist;
}

/** A hash over files of the checkout, the test release and the variables that pages are built with. */
async function stampOf(places: string[]): Promise<string> {
  const { ATLAS_SITE_URL, ATLAS_CODE_URL } = process.env;
  const hash = createHash('sha256').update(JSON.stringify([TEST_RELEASE, ATLAS_SITE_URL, ATLAS_CODE_URL]));
  hash.update(await readFile(join(TEST_RELEASE, 'latest.json')));
  for (const place of places) {
    const isFolder = (await stat(join(root, place))).isDirectory();
    const entries = isFolder ? await readdir(join(root, place), { recursive: true, withFileTypes: true }) : [];
    const inside = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    for (const file of isFolder ? inside.sort() : [join(root, place)]) hash.update(file).update(await readFile(file));
  }
  return hash.digest('hex').slice(0, 16);
}

/** One build at a time: Astro keeps what it works on in the checkout, and two would take it from each other. */
async function alone(work: () => Promise<void>): Promise<void> {
  const lock = join(root, '.astro', 'built-by-a-test');
  await mkdir(dirname(lock), { recursive: true });
  for (;;) {
    try {
      await mkdir(lock);
      break;
    } catch {
      // Of a run that was killed.
      const { mtimeMs } = await stat(lock).catch(() => ({ mtimeMs: Date.now() }));
      if (Date.now() - mtimeMs > STALE_MS) await rm(lock, { recursive: true, force: true });
      await setTimeout(200);
    }
  }
  try {
    await work();
  } finally {
    await rm(lock, { recursive: true, force: true });
  }
}

async function build(release: string, dist: string) {
  const child = spawn(process.execPath, [`${root}node_modules/astro/bin/astro.mjs`, 'build', '--outDir', dist], {
    cwd: root,
    env: {
      ...process.env,
      ATLAS_RELEASE: release,
      ASTRO_TELEMETRY_DISABLED: '1',
      NODE_ENV: 'production',
      VITEST: undefined,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk));
  const code = await new Promise((done) => child.on('close', done));
  if (code !== 0) throw new Error(`astro build ended with ${code}: ${said.slice(-2000)}`);
}
