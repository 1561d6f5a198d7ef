/** One page as a slow phone has it, opened with an empty cache. */
import { gzipSync } from 'node:zlib';
import type { Browser } from 'playwright-core';
import { isText } from './text.ts';

const phone = { width: 412, height: 823, deviceScaleFactor: 2.625, mobile: true };
const network = { offline: false, latency: 165, downloadThroughput: 8.1e6 / 8, uploadThroughput: 0.75e6 / 8 };
/** How long a page is watched once it has loaded. */
const WATCHED_MS = 1500;

const kinds = ['html', 'styles', 'script', 'fonts', 'images', 'other'] as const;

export interface Measured {
  page: string;
  /** Cumulative layout shift. */
  shift: number;
  /** Milliseconds to the largest contentful paint. */
  lcp: number;
  /** Of a page with the lab: milliseconds until it has answered a visitor who moves the slider once it is there. */
  answer: number | null;
  /** Kilobytes by kind, as gzip leaves what is text, and in all. */
  bytes: Record<(typeof kinds)[number] | 'total', number>;
}

export async function measure(browser: Browser, url: string, page: string): Promise<Measured> {
  const { tab, sizes, close } = await open(browser);
  await tab.addInitScript(watching);
  await tab.goto(url + page, { waitUntil: 'load', timeout: 60_000 });
  await tab.waitForTimeout(WATCHED_MS);
  const seen = await tab.evaluate<{ shift: number; lcp: number }>('seen');
  const hasLab = await tab.evaluate<boolean>(`document.querySelector('atlas-lab') !== null`);
  const bytes: Measured['bytes'] = { html: 0, styles: 0, script: 0, fonts: 0, images: 0, other: 0, total: 0 };
  for (const [kind, size] of await Promise.all(sizes)) {
    bytes[kind] += size / 1000;
    bytes.total += size / 1000;
  }
  await close();
  return { page, ...seen, answer: hasLab ? await answered(browser, url + page) : null, bytes };
}

async function answered(browser: Browser, url: string): Promise<number> {
  const { tab, close } = await open(browser);
  const { promise, resolve } = Promise.withResolvers<number>();
  await tab.exposeFunction('isAnswered', resolve);
  await tab.addInitScript(touching);
  await tab.goto(url, { waitUntil: 'commit' });
  const milliseconds = await promise;
  await close();
  return milliseconds;
}

async function open(browser: Browser) {
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
  const sizes: Promise<[kind: (typeof kinds)[number], bytes: number]>[] = [];
  tab.on('response', (response) => {
    const kind = kindOf(response.request().resourceType());
    const size = (body: Buffer) => (isText(response.headers()) ? gzipSync(body).length : body.length);
    sizes.push(
      response.body().then(
        (body) => [kind, size(body)],
        () => ['other', 0],
      ),
    );
  });
  return { tab, sizes, close: () => context.close() };
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

/** Runs in the page: moves the slider to 1 in the first frame that shows it, and waits for the answer to that. */
const touching = `
  const each = (done) => { if (!done()) requestAnimationFrame(() => each(done)); };
  each(() => {
    const slider = document.querySelector('[data-strength]');
    if (!slider?.checkVisibility()) return false;
    slider.value = '1';
    slider.dispatchEvent(new Event('input', { bubbles: true }));
    each(() => {
      const answer = slider.closest('atlas-lab').dataset.answered;
      if (!answer || JSON.parse(answer).strength !== 1) return false;
      isAnswered(performance.now());
      return true;
    });
    return true;
  });
`;

const kindOf = (type: string) =>
  (({ document: 'html', stylesheet: 'styles', script: 'script', font: 'fonts', image: 'images' }) as const)[type] ??
  'other';
