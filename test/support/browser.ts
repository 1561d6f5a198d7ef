import { type Browser, chromium as playwright } from 'playwright-core';

/**
 * Starts a real Chromium: the one of the npm package @sparticuz/chromium on Linux x64, elsewhere an installed Chrome.
 * Close it when done.
 *
 * @throws Error where there is neither
 */
export async function launchBrowser(): Promise<Browser> {
  if (process.platform === 'linux' && process.arch === 'x64') {
    const { default: chromium } = await import('@sparticuz/chromium');
    // Its arguments are made for one page in a serverless function: a single process dies with its first page, and
    // sites are not kept apart.
    const args = chromium.args.filter(
      (arg) => !['--single-process', '--no-zygote', '--disable-web-security'].includes(arg),
    );
    return await playwright.launch({ executablePath: await chromium.executablePath(), args, headless: true });
  }
  return await playwright.launch({ channel: 'chrome', headless: true });
}
