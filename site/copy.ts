/** The buttons that copy the text beside them. */
const SAID_MS = 2000;

for (const button of document.querySelectorAll<HTMLButtonElement>('[data-copy]')) {
  const text = button.parentElement?.querySelector('pre');
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(text?.textContent ?? '');
      button.textContent = 'Copied';
    } catch {
      // Not allowed, or no secure address: what is selected can be copied by hand.
      if (text) getSelection()?.selectAllChildren(text);
      button.textContent = 'Selected';
    }
    setTimeout(() => {
      button.textContent = 'Copy';
    }, SAID_MS);
  });
}

export {};
