/**
 * What a visitor's phone waits for: each kind of page of the built site, opened with an empty cache on a slow phone
 * (412 px, CPU 4 times slower, 8.1 Mbit/s, 165 ms a request), beside its budget.
 *
 *     npm run bench:site                      # of .atlas/starter/release
 *     npm run bench:site -- --release <dir> --json
 *
 * Bytes are those on the wire. The Worker answers uncompressed here, where Cloudflare compresses text and WebAssembly:
 * these are counted as gzip would leave them.
 */
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import type { Browser } from 'playwright-core';
import { latest, manifest, photoId } from '#shared/release';
import { launchBrowser } from '../test/support/browser.ts';
import { startWorker } from '../test/support/worker.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({
  options: {
    release: { type: 'string', default: '.atlas/starter/release' },
    json: { type: 'boolean', default: false },
  },
});

const phone = { width: 412, height: 823, deviceScaleFactor: 2.625, mobile: true };
const network = { offline: false, latency: 165, downloadThroughput: 8.1e6 / 8, uploadThroughput: 0.75e6 / 8 };
const budgets = { shift: 0.02, lcp: 1000, fonts: 200, script: 60, total: 700 };
/** How long a page is watched once it has loaded. */
const WATCHED_MS = 1500;

interface Measured {
  page: string;
  /** Cumulative layout shift. */
  shift: number;
  /** Milliseconds to the largest contentful paint. */
  lcp: number;
  /** Kilobytes by kind. */
  [kind: string]: number | string;
}

async function measure(browser: Browser, url: string, page: string): Promise<Measured> {
  const context = await browser.newContext({
    viewport: phone,
    deviceScaleFactor: phone.deviceScaleFactor,
    isMobile: true,
  });
  const tab = await context.newPage();
  const cdp = await context.newCDPSession(tab);
  await cdp.send('Network.enable');
  await cdp.send('Network.emulateNetworkConditions', network);
  await cdp.send('Emulation.setCPUThrottlingRate', { rate: 4 });
  const sizes: Promise<[kind: string, bytes: number]>[] = [];
  tab.on('response', (response) => {
    sizes.push(
      response.body().then(
        (body) => [
          kindOf(response.request().resourceType()),
          isText(response.headers()) ? gzipSync(body).length : body.length,
        ],
        () => ['other', 0],
      ),
    );
  });
  await tab.addInitScript(watching);
  await tab.goto(url + page, { waitUntil: 'load', timeout: 60_000 });
  await tab.waitForTimeout(WATCHED_MS);
  const seen = await tab.evaluate<{ shift: number; lcp: number }>('seen');
  const bytes: Record<string, number> = { html: 0, styles: 0, script: 0, fonts: 0, images: 0, other: 0 };
  for (const [kind, size] of await Promise.all(sizes)) bytes[kind] += size / 1000;
  const total = Object.values(bytes).reduce((sum, size) => sum + size, 0);
  await context.close();
  return { page, ...seen, ...bytes, total };
}

/** Runs in the page, whose names this file does not know: adds up the layout's shifts, and keeps the largest paint. */
const watching = `
  globalThis.seen = { shift: 0, lcp: 0 };
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) seen.shift += entry.value;
  }).observe({ type: 'layout-shift', buffered: true });
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) seen.lcp = entry.startTime;
  }).observe({ type: 'largest-contentful-paint', buffered: true });
`;

const kindOf = (type: string) =>
  ({ document: 'html', stylesheet: 'styles', script: 'script', font: 'fonts', image: 'images' })[type] ?? 'other';
/** What Cloudflare compresses, of what the site has. */
const isText = (headers: Record<string, string>) =>
  /text|json|javascript|svg|xml|wasm/.test(headers['content-type'] ?? '');

async function pagesOf(release: string): Promise<string[]> {
  const json = async (key: string) => JSON.parse(await readFile(join(release, key), 'utf8'));
  const { perturbations, photos } = manifest.parse(await json(latest.parse(await json('latest.json')).manifest.key));
  return [
    ...['/', '/wall/', '/perturbations/', `/perturbations/${encodeURIComponent(perturbations[0].id)}/`],
    ...['/transfer/', '/findings/', '/photos/', ...photos.slice(0, 1).map(({ file }) => `/photos/${photoId(file)}/`)],
    ...['/downloads/', '/tables/transfer/', '/reference/', '/about/'],
  ];
}

const dist = await mkdtemp(join(tmpdir(), 'atlas-bench-site-'));
try {
  const built = spawnSync(process.execPath, [`${root}node_modules/astro/bin/astro.mjs`, 'build', '--outDir', dist], {
    cwd: root,
    env: { ...process.env, ATLAS_RELEASE: values.release, ASTRO_TELEMETRY_DISABLED: '1', NODE_ENV: 'production' },
    encoding: 'utf8',
  });
  if (built.status !== 0)
    throw new Error(`astro build failed: ${built.stdout.slice(-2000)}${built.stderr.slice(-2000)}`);
  const worker = await startWorker({ release: values.release, assets: dist });
  const browser = await launchBrowser();
  try {
    const rows: Measured[] = [];
    for (const page of await pagesOf(values.release)) rows.push(await measure(browser, worker.url, page));
    if (values.json) console.log(JSON.stringify(rows, null, 2));
    else report(rows);
  } finally {
    await browser.close();
    await worker.dispose();
  }
} finally {
  await rm(dist, { recursive: true, force: true });
}

function report(rows: Measured[]) {
  const columns = ['shift', 'lcp', 'html', 'styles', 'script', 'fonts', 'images', 'other', 'total'] as const;
  console.log(
    `| page | ${columns.map((name) => (name === 'lcp' ? 'LCP ms' : name === 'shift' ? name : `${name} kB`)).join(' | ')} |`,
  );
  console.log(`|---|${columns.map(() => '---').join('|')}|`);
  for (const row of rows) {
    const cells = columns.map((name) => {
      const value = Number(row[name]);
      const budget = (budgets as Record<string, number>)[name];
      // The home page is the one with the lab: the budget of script is that of all others, that of all bytes its own.
      const counts = name === 'script' ? row.page !== '/' : name === 'total' ? row.page === '/' : budget !== undefined;
      return `${value.toFixed(name === 'shift' ? 3 : 0)}${counts && value > budget ? ' (over)' : ''}`;
    });
    console.log(`| ${row.page} | ${cells.join(' | ')} |`);
  }
  console.log(
    `\nBudgets: shift ${budgets.shift}, LCP ${budgets.lcp} ms, fonts ${budgets.fonts} kB, script ${budgets.script} kB on pages without the lab, home ${budgets.total} kB in all.`,
  );
}
