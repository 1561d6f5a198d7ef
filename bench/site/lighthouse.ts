/** Google's Lighthouse, which is no part of the project: where a person has it, it is asked too. */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const categories = ['performance', 'accessibility', 'best-practices', 'seo'] as const;
/** Seconds, milliseconds, and a share of the screen, as Lighthouse measures them on its own line. */
const figures = {
  firstPaint: 'first-contentful-paint',
  largestPaint: 'largest-contentful-paint',
  blocked: 'total-blocking-time',
  shift: 'cumulative-layout-shift',
} as const;

/** The four categories from 0 to 100, what the first is made of, and what is said against the page. */
export interface Judged {
  scores: Record<(typeof categories)[number], number>;
  /** Milliseconds; `shift`: the cumulative layout shift. */
  figures: Record<keyof typeof figures, number>;
  faults: string[];
}

interface Report {
  runtimeError?: { message: string };
  categories: Record<(typeof categories)[number], { score: number; auditRefs: { id: string; weight: number }[] }>;
  audits: Record<string, { score: number | null; title: string; displayValue?: string; numericValue?: number }>;
}

/**
 * @param folder where `npm install lighthouse` was run
 * @param url over TLS with any certificate (`front.ts`)
 * @throws Error where Lighthouse could not load the page, and what it says of it
 */
export async function judge(folder: string, url: string, screen: 'mobile' | 'desktop'): Promise<Judged> {
  const out = await mkdtemp(join(tmpdir(), 'atlas-lighthouse-'));
  try {
    const file = join(out, 'report.json');
    const code = await run(
      [
        ...[join(folder, 'node_modules/lighthouse/cli/index.js'), url, '--quiet', '--output=json'],
        ...[`--output-path=${file}`, `--only-categories=${categories.join(',')}`],
        '--chrome-flags=--headless=new --no-sandbox --disable-gpu --ignore-certificate-errors',
        ...(screen === 'desktop' ? ['--preset=desktop'] : []),
      ],
      await browserFile(),
    );
    // It ends with 1, and leaves a report that says why, where a page did not load.
    const report = await readFile(file, 'utf8').then((text) => JSON.parse(text) as Report, noReport(code, url));
    if (report.runtimeError) throw new Error(report.runtimeError.message);
    const { audits } = report;
    const weighed = categories.flatMap((id) => report.categories[id].auditRefs.filter(({ weight }) => weight > 0));
    const each = <K extends string>(names: readonly K[], value: (name: K) => number) =>
      Object.fromEntries(names.map((name) => [name, value(name)])) as Record<K, number>;
    return {
      scores: each(categories, (id) => Math.round(100 * report.categories[id].score)),
      figures: each(Object.keys(figures) as (keyof typeof figures)[], (one) => audits[figures[one]].numericValue ?? 0),
      faults: weighed
        .map(({ id }) => audits[id])
        .filter(({ score }) => score !== null && score < 0.9)
        .map(({ title, displayValue }) => (displayValue ? `${title}: ${displayValue}` : title)),
    };
  } finally {
    await rm(out, { recursive: true, force: true });
  }
}

const noReport = (code: number | null, url: string) => () => {
  throw new Error(`Lighthouse ended with ${code} for ${url}`);
};

const run = (args: string[], browser: string | undefined) =>
  new Promise<number | null>((done, fail) => {
    const env = { ...process.env, ...(browser && { CHROME_PATH: browser }) };
    spawn(process.execPath, args, { env, stdio: ['ignore', 'ignore', 'inherit'] })
      .on('error', fail)
      .on('close', done);
  });

/** The browser of the tests, where it is a file of the checkout; undefined: Lighthouse finds one. */
async function browserFile(): Promise<string | undefined> {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  return await (await import('@sparticuz/chromium')).default.executablePath();
}
