/** The buttons with which a visitor takes something along: the address, the picture, or both for others. */

/** How long a button says what it did. */
const SAID_MS = 2000;

export type Take = 'link' | 'picture' | 'share';

/** @param make The picture as a PNG; null where there is no answer. */
export async function take(button: HTMLElement, what: Take, make: () => Promise<Blob> | null): Promise<void> {
  const says = (text: string) => {
    const before = button.dataset.says ?? button.textContent ?? '';
    button.dataset.says = before;
    button.textContent = text;
    setTimeout(() => {
      button.textContent = before;
    }, SAID_MS);
  };
  try {
    if (what === 'link') {
      await navigator.clipboard.writeText(location.href);
      says('Copied');
      return;
    }
    const picture = await make();
    if (!picture) {
      says('Wait for the answer');
      return;
    }
    const file = new File([picture], 'perturbation-atlas.png', { type: 'image/png' });
    if (what === 'share') {
      const files = navigator.canShare?.({ files: [file] }) ? [file] : undefined;
      await navigator.share({ title: document.title, url: location.href, ...(files && { files }) });
      return;
    }
    const url = URL.createObjectURL(file);
    Object.assign(document.createElement('a'), { href: url, download: file.name }).click();
    setTimeout(() => URL.revokeObjectURL(url), SAID_MS);
    says('Saved');
  } catch (error) {
    // A visitor who closes the sheet of the system has not been let down.
    if ((error as Error).name !== 'AbortError') says('This browser does not allow it');
  }
}
