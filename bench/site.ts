/**
 * What a visitor's phone waits for: each kind of page of the built site, opened with an empty cache on a slow phone
 * (412 px, CPU 4 times slower, 8.1 Mbit/s, 165 ms a request), beside its budget.
 *
 *     npm run bench:site                      # of .atlas/starter/release
 *     npm run bench:site -- --release <dir> --json
 *     npm run bench:site -- --only /,/craft/
 *     npm run bench:site -- --lighthouse <folder where npm install lighthouse was run>  # --desktop: that screen too
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
import { startFront } from './site/front.ts';
import { type Judged, judge } from './site/lighthouse.ts';
import { type Measured, measure } from './site/measure.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({
  options: {
    release: { type: 'string', default: '.atlas/starter/release' },
    only: { type: 'string' },
    lighthouse: { type: 'string' },
    desktop: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});

const budgets = { shift: 0.02, lcp: 1000, answer: 1500, fonts: 200, script: 60, total: 700 };
/** Pages whose script runs networks: the budgets of scripts are those of all others. */
const RUNS_NETWORKS = ['/', '/craft/'];

/** What Lighthouse says of a page on a screen, or why it says nothing. */
interface Judgement {
  page: string;
  screen: 'mobile' | 'desktop';
  judged: Judged | { failed: string };
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
    const rows: Measured[] = [];
    for (const page of await pagesOf(values.release)) rows.push(await measure(browser, worker.url, page));
    await browser.close();
    const judgements = values.lighthouse ? await judgeAll(values.lighthouse, worker.url, rows) : [];
    if (values.json) console.log(JSON.stringify({ load, rows, judgements }, null, 2));
    else report(rows, judgements);
  } finally {
    await browser.close();
    await worker.dispose();
  }
} finally {
  await rm(dist, { recursive: true, force: true });
}

/** Over HTTP/2 and compressed, as Cloudflare serves it. What was judged is shown, whatever becomes of a page. */
async function judgeAll(folder: string, origin: string, rows: Measured[]): Promise<Judgement[]> {
  const front = await startFront(origin);
  const judgements: Judgement[] = [];
  for (const screen of ['mobile', ...(values.desktop ? ['desktop'] : [])] as Judgement['screen'][])
    for (const { page } of rows) {
      const judged = judge(folder, front.url + page, screen);
      const failed = (error: unknown) => ({ failed: (error as Error).message });
      judgements.push({ page, screen, judged: await judged.catch(failed) });
    }
  await front.close();
  return judgements;
}

function report(rows: Measured[], judgements: Judgement[]) {
  const kinds = ['html', 'styles', 'script', 'fonts', 'images', 'other', 'total'] as const;
  const titles = ['page', 'shift', 'LCP ms', 'answer ms', ...kinds.map((kind) => `${kind} kB`)];
  console.log(`| ${titles.join(' | ')} |\n|${titles.map(() => '---').join('|')}|`);
  const cell = (value: number, budget: number | undefined, digits = 0) =>
    `${value.toFixed(digits)}${budget !== undefined && value > budget ? ' (over)' : ''}`;
  for (const { page, shift, lcp, answer, bytes } of rows) {
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
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
  console.log(
    `\nBudgets: shift ${budgets.shift}, LCP ${budgets.lcp} ms, answer ${budgets.answer} ms, fonts ${budgets.fonts} kB, script ${budgets.script} kB on pages that run no network, home ${budgets.total} kB in all.`,
  );
  reportJudgements(judgements);
  console.log(`Load of the machine before: ${load.map((one) => one.toFixed(1)).join(', ')}.`);
}

function reportJudgements(judgements: Judgement[]) {
  if (judgements.length === 0) return;
  const titles = [
    ...['page', 'screen', 'performance', 'accessibility', 'best practices', 'SEO'],
    ...['first paint s', 'largest paint s', 'blocked ms', 'shift'],
  ];
  console.log(`\nLighthouse:\n\n| ${titles.join(' | ')} |\n|${titles.map(() => '---').join('|')}|`);
  for (const { page, screen, judged } of judgements) {
    if ('failed' in judged) {
      console.log(`| ${[page, screen, 'failed', ...Array(titles.length - 3).fill('')].join(' | ')} |`);
      continue;
    }
    const { firstPaint, largestPaint, blocked, shift } = judged.figures;
    const seconds = [firstPaint, largestPaint].map((milliseconds) => (milliseconds / 1000).toFixed(1));
    const cells = [page, screen, ...Object.values(judged.scores), ...seconds, blocked.toFixed(0), shift.toFixed(3)];
    console.log(`| ${cells.join(' | ')} |`);
  }
  console.log('');
  for (const { page, screen, judged } of judgements)
    for (const fault of 'failed' in judged ? [judged.failed] : judged.faults)
      console.log(`${page}, ${screen}: ${fault}`);
}
