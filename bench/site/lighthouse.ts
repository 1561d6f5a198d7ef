/** Google's Lighthouse, which is no part of the project: where a person has it, it is asked too. */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The four categories from 0 to 100, and what they say against the page. */
export interface Judged {
  scores: Record<string, number>;
  faults: string[];
}

interface Report {
  categories: Record<string, { score: number; auditRefs: { id: string; weight: number }[] }>;
  audits: Record<string, { score: number | null; title: string; displayValue?: string }>;
}

/** @param folder where `npm install lighthouse` was run */
export async function judge(folder: string, url: string, screen: 'mobile' | 'desktop'): Promise<Judged> {
  const out = await mkdtemp(join(tmpdir(), 'atlas-lighthouse-'));
  try {
    const file = join(out, 'report.json');
    const code = await run(
      [
        ...[join(folder, 'node_modules/lighthouse/cli/index.js'), url, '--quiet', '--output=json'],
        ...[`--output-path=${file}`, '--chrome-flags=--headless=new --no-sandbox --disable-gpu'],
        ...(screen === 'desktop' ? ['--preset=desktop'] : []),
      ],
      await browserFile(),
    );
    if (code !== 0) throw new Error(`Lighthouse ended with ${code} for ${url}`);
    const { categories, audits } = JSON.parse(await readFile(file, 'utf8')) as Report;
    const weighed = Object.values(categories).flatMap(({ auditRefs }) => auditRefs.filter(({ weight }) => weight > 0));
    return {
      scores: Object.fromEntries(Object.entries(categories).map(([id, { score }]) => [id, Math.round(100 * score)])),
      faults: weighed
        .map(({ id }) => audits[id])
        .filter(({ score }) => score !== null && score < 0.9)
        .map(({ title, displayValue }) => (displayValue ? `${title}: ${displayValue}` : title)),
    };
  } finally {
    await rm(out, { recursive: true, force: true });
  }
}

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
