/** The switch between the day and the night edition; the system's preference counts until the visitor chooses. */
const root = document.documentElement;
const button = document.querySelector<HTMLButtonElement>('[data-theme-switch]');
const dark = matchMedia('(prefers-color-scheme: dark)');

const isNight = () => (root.dataset.theme ? root.dataset.theme === 'dark' : dark.matches);

function nameEdition() {
  if (button) button.textContent = isNight() ? 'Day' : 'Night';
}

button?.addEventListener('click', () => {
  root.dataset.theme = isNight() ? 'light' : 'dark';
  try {
    localStorage.setItem('theme', root.dataset.theme);
  } catch {
    // Storage is switched off: the choice lasts for this page.
  }
  nameEdition();
});
dark.addEventListener('change', nameEdition);
nameEdition();

// Examples name the address that the page came from.
for (const element of document.querySelectorAll('[data-origin]')) element.textContent = location.origin;

export {};
