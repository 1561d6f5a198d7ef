/** Examples in code name the photograph and the strength that the view of the plate shows. */
addEventListener('shown', (event) => {
  const detail = (event as CustomEvent<Record<string, unknown>>).detail ?? {};
  for (const element of document.querySelectorAll<HTMLElement>('[data-live]')) {
    const value = detail[element.dataset.live ?? ''];
    if (value !== undefined) element.textContent = String(value);
  }
});

export {};
