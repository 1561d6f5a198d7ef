/** The ways in which a photograph comes: chosen, taken, dropped anywhere on the lab, or pasted. */

/** Calls back with each picture that comes, until `signal` is aborted. */
export function onPhotoBrought(lab: HTMLElement, bring: (file: File) => void, signal: AbortSignal): void {
  const first = (files: FileList | null | undefined) => files?.[0];
  lab.addEventListener(
    'change',
    ({ target }) => {
      if (!(target instanceof HTMLInputElement) || target.type !== 'file') return;
      const file = first(target.files);
      // The same file may be chosen again.
      if (file) bring(file);
      target.value = '';
    },
    { signal },
  );
  const over = (event: DragEvent) => {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    lab.toggleAttribute('data-over', event.type === 'dragover');
  };
  for (const type of ['dragover', 'dragleave'] as const) lab.addEventListener(type, over, { signal });
  lab.addEventListener(
    'drop',
    (event) => {
      over(event);
      const file = first(event.dataTransfer?.files);
      if (file) bring(file);
    },
    { signal },
  );
  document.addEventListener(
    'paste',
    ({ clipboardData }) => {
      const file = first(clipboardData?.files);
      if (file) bring(file);
    },
    { signal },
  );
}
