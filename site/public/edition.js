// Runs before anything is painted, so that no page shows the other edition first. A file of its own, because the pages'
// Content-Security-Policy runs nothing that stands in a page.
document.documentElement.classList.add('js');
try {
  const chosen = localStorage.getItem('theme');
  if (chosen) document.documentElement.dataset.theme = chosen;
} catch {
  // Storage is switched off: the system's preference counts.
}

// Where the script of a page cannot be loaded, the page is as it is without scripts.
addEventListener(
  'error',
  ({ target }) => {
    if (target instanceof HTMLScriptElement && target.type === 'module')
      document.documentElement.classList.remove('js');
  },
  true,
);
