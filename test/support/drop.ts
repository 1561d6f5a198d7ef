import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Page } from 'playwright-core';

/** Drops files on an element of a page, as a visitor does. */
export async function dropOn(page: Page, selector: string, ...paths: string[]): Promise<void> {
  const files = await Promise.all(
    paths.map(async (path) => ({ name: basename(path), bytes: (await readFile(path)).toString('base64') })),
  );
  await page.evaluate(
    ({ selector, files }) => {
      const data = new DataTransfer();
      for (const { name, bytes } of files)
        data.items.add(new File([Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0))], name));
      const place = document.querySelector(selector)!;
      for (const type of ['dragover', 'drop'])
        place.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }));
    },
    { selector, files },
  );
}
