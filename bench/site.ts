/**
 * What a visitor's phone waits for: each kind of page of the built site, opened with an empty cache on a slow phone
 * (412 px, CPU 4 times slower, 8.1 Mbit/s, 165 ms a request), beside its budget.
 *
 *     npm run bench:site                      # of .atlas/starter/release
 *     npm run bench:site -- --release <dir> --json
 *     npm run bench:site -- --only /,/craft/
 *     npm run bench:site -- --lighthouse <folder where npm install lighthouse was run>
 *
 * Bytes are what gzip leaves of text and WebAssembly, which Cloudflare compresses, and of all else the bytes of the
 * files. Milliseconds are those of the machine: run it while nothing else runs.
 */
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { latest, manifest, photoId } from '#shared/release';
import { launchBrowser } from '../test/support/browser.ts';
import { startWorker } from '../test/support/worker.ts';
import { type Judged, judge } from './site/lighthouse.ts';
import { type Measured, measure } from './site/measure.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({
  options: {
    release: { type: 'string', default: '.atlas/starter/release' },
    only: { type: 'string' },
    lighthouse: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});

const budgets = { shift: 0.02, lcp: 1000, answer: 1500, fonts: 200, script: 60, total: 700 };
/** Pages whose script runs networks: the budgets of scripts are those of all others. */
const RUNS_NETWORKS = ['/', '/craft/'];

interface Row extends Measured {
  mobile?: Judged;
  desktop?: Judged;
}

async function pagesOf(release: string): Promise<string[]> {
  if (values.only) return values.only.split(',');
  const json = async (key: string) => JSON.parse(await readFile(join(release, key), 'utf8'));
  const { perturbations, photos } = manifest.parse(await json(latest.parse(await json('latest.json')).manifest.key));
  return [
    ...['/', '/wall/', '/craft/', '/perturbations/', `/perturbations/${encodeURIComponent(perturbations[0].id)}/`],
    ...['/transfer/', '/findings/', '/photos/', ...photos.slice(0, 1).map(({ file }) => `/photos/${photoId(file)}/`)],
    ...['/downloads/', '/tables/transfer/', '/reference/', '/about/'],
  ];
}

const load = loadavg();
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
    const rows: Row[] = [];
    for (const page of await pagesOf(values.release)) rows.push(await measure(browser, worker.url, page));
    await browser.close();
    // What was measured until then is shown, whatever becomes of a page.
    for (const row of values.lighthouse ? rows : [])
      for (const screen of ['mobile', 'desktop'] as const)
        row[screen] = await judge(values.lighthouse as string, worker.url + row.page, screen).catch(
          (error: unknown): Judged => ({ scores: {}, faults: [`${screen}: ${(error as Error).message}`] }),
        );
    if (values.json) console.log(JSON.stringify({ load, rows }, null, 2));
    else report(rows);
  } finally {
    await browser.close();
    await worker.dispose();
  }
} finally {
  await rm(dist, { recursive: true, force: true });
}

function report(rows: Row[]) {
  const kinds = ['html', 'styles', 'script', 'fonts', 'images', 'other', 'total'] as const;
  const scores = values.lighthouse ? ['mobile', 'desktop'] : [];
  const titles = ['page', 'shift', 'LCP ms', 'answer ms', ...kinds.map((kind) => `${kind} kB`), ...scores];
  console.log(`| ${titles.join(' | ')} |\n|${titles.map(() => '---').join('|')}|`);
  const cell = (value: number, budget: number | undefined, digits = 0) =>
    `${value.toFixed(digits)}${budget !== undefined && value > budget ? ' (over)' : ''}`;
  for (const { page, shift, lcp, answer, bytes, mobile, desktop } of rows) {
    const budgetOf = (kind: (typeof kinds)[number]) =>
      ({
        fonts: budgets.fonts,
        script: RUNS_NETWORKS.includes(page) ? undefined : budgets.script,
        total: page === '/' ? budgets.total : undefined,
      })[kind as string];
    const cells = [
      ...[page, cell(shift, budgets.shift, 3), cell(lcp, budgets.lcp)],
      answer === null ? '' : cell(answer, budgets.answer),
      ...kinds.map((kind) => cell(bytes[kind], budgetOf(kind))),
      ...[mobile, desktop].flatMap((judged) => (judged ? [Object.values(judged.scores).join(' ') || 'failed'] : [])),
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
  for (const { page, mobile, desktop } of rows)
    for (const fault of new Set([...(mobile?.faults ?? []), ...(desktop?.faults ?? [])]))
      console.log(`${page}: ${fault}`);
  console.log(
    `\nBudgets: shift ${budgets.shift}, LCP ${budgets.lcp} ms, answer ${budgets.answer} ms, fonts ${budgets.fonts} kB, script ${budgets.script} kB on pages that run no network, home ${budgets.total} kB in all.`,
  );
  if (values.lighthouse) console.log('Lighthouse, 0 to 100: performance, accessibility, best practices, SEO.');
  console.log(`Load of the machine before: ${load.map((one) => one.toFixed(1)).join(', ')}.`);
}
