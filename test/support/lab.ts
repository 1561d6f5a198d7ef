import type { Page } from 'playwright-core';

/**
 * Waits until the lab has an answer of which all of this is true.
 * @returns the label that it shows
 */
export async function answered(page: Page, state: Record<string, string | number> = {}): Promise<string> {
  await page.waitForFunction(
    (wanted) => {
      const answer = JSON.parse(document.querySelector<HTMLElement>('atlas-lab')?.dataset.answered ?? 'null');
      return answer && Object.entries(wanted).every(([key, value]) => answer[key] === value);
    },
    state,
    { timeout: 20_000 },
  );
  return (await page.locator('[data-label]').textContent()) ?? '';
}
