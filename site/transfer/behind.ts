/** What is behind a cell of the transfer matrix: its photographs, those that are fooled first. */
import type { Behind, BehindPhoto } from './protocol.ts';

const percent = (share: number) => `${Math.round(100 * share)}\u202f%`;

const loaded = new Map<string, Promise<Behind>>();

async function load(plate: string): Promise<Behind> {
  const response = await fetch(`/transfer/${encodeURIComponent(plate)}.json`);
  if (!response.ok) throw new Error(String(response.status));
  return (await response.json()) as Behind;
}

/** Every photograph of a plate on a network; fetched once. @throws Error where they cannot be fetched */
export async function photosOf(plate: string, target: string): Promise<BehindPhoto[]> {
  const behind = loaded.get(plate) ?? load(plate);
  loaded.set(plate, behind);
  try {
    return (await behind)[target] ?? [];
  } catch (error) {
    loaded.delete(plate);
    throw error;
  }
}

/** @param said the cell in a sentence */
export async function behindOf(plate: string, target: string, said: string): Promise<DocumentFragment> {
  const fragment = document.createDocumentFragment();
  const head = element('p', '', said);
  const query = new URLSearchParams({ perturbation: plate, model: target, strength: '1' });
  const links = element('p', 'sans');
  const page = `/perturbations/${encodeURIComponent(plate)}/`;
  links.append(link(`/?${query}`, 'Try it'), ', ', link(page, 'the plate'), ', ', link('#', 'close'));
  fragment.append(head, links);
  try {
    const photos = await photosOf(plate, target);
    const list = element('ul', 'readings');
    // It scrolls: the keyboard has to reach it.
    list.tabIndex = 0;
    list.append(...photos.toSorted((a, b) => Number(b.fooled) - Number(a.fooled)).map(reading));
    fragment.append(list);
  } catch {
    fragment.append(
      element(
        'p',
        'soft',
        'The photographs could not be fetched. Open the cell again, or look at the page of the plate.',
      ),
    );
  }
  return fragment;
}

/** One of them, as an item of a list. */
export function reading({ photo, picture, before, after, fooled }: BehindPhoto): HTMLElement {
  const item = element('li');
  if (picture) {
    const image = Object.assign(new Image(224, 224), { src: picture, alt: `Photograph: ${photo}`, loading: 'lazy' });
    image.className = 'small-picture';
    item.append(image);
  }
  const words = element('p');
  words.append(`${before[0]} `, element('span', 'soft num', percent(before[1])), document.createElement('br'));
  if (fooled) words.append(element('em', 'fooled', after[0]), ' ', element('span', 'soft num', percent(after[1])));
  else words.append(element('span', 'soft', `resists, ${percent(after[1])}`));
  item.append(words);
  return item;
}

function element(name: string, className = '', text = ''): HTMLElement {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.textContent = text;
  return made;
}

function link(href: string, text: string): HTMLAnchorElement {
  const made = document.createElement('a');
  made.href = href;
  made.textContent = text;
  return made;
}
