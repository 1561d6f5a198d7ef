import { pixelsAt } from '../lab/drawn.ts';
import { askedFor, notHere, OwnMenu } from '../own-network/menu.ts';
import type { WallData, WallReadings } from './data.ts';
import { type Group, groupsOf, headingOf, sentenceOf, type Tile, tilesOf } from './groups.ts';
import { OwnPanel } from './own-panel.ts';
import { OwnTile } from './own-tile.ts';
import { add, shrunk } from './pixels.ts';
import { tilesOnSheets } from './sheets.ts';
import { labAddress, type WallState, wallQueryOf, wallStateOf } from './state.ts';

/** How long tiles turn, and then take to their new places. */
const TURN_MS = 700;
const MOVE_MS = 900;

/** `<atlas-wall>`: every photo with one pattern on it; nothing is computed but pixels. */
class AtlasWall extends HTMLElement {
  #data!: WallData;
  #readings: WallReadings | null = null;
  #state!: WallState;
  /** What the slider says, which is between two measured strengths while it moves. */
  #strength = 0;
  #listening: AbortController | undefined;
  #items: HTMLElement[] = [];
  #clean: Uint8ClampedArray[] = [];
  #pattern: { id: string; values: Float32Array; linf: number } | null = null;
  #own: OwnTile | null = null;
  #regrouping: ReturnType<typeof setTimeout> | undefined;
  #frame = 0;
  #menu!: OwnMenu;
  #panel!: OwnPanel;

  connectedCallback() {
    const text = this.querySelector('script[data-wall]')?.textContent;
    if (!text) return;
    this.#data = JSON.parse(text);
    this.#items = [...this.querySelectorAll<HTMLElement>('[data-tiles] > li')];
    this.#state = wallStateOf(location.search, this.#data);
    this.#strength = this.#state.strength;
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    this.#panel = new OwnPanel(
      this,
      this.#data,
      () => this.#readings,
      () => this.#show(),
    );
    this.#menu = new OwnMenu(
      this,
      {
        chosen: ({ id }) => this.#go({ model: this.#withOwn(id) }, 'pushState'),
        forgotten: (id) => this.#withoutOwn(id),
      },
      signal,
    );
    this.addEventListener('click', ({ target }) => this.#onClick(target as Element), { signal });
    this.addEventListener('input', (event) => this.#onInput(event.target as HTMLInputElement), { signal });
    this.addEventListener('change', (event) => this.#onChange(event.target as HTMLInputElement), { signal });
    addEventListener(
      'popstate',
      () => {
        this.#state = wallStateOf(location.search, this.#data);
        this.#strength = this.#state.strength;
        this.#show();
      },
      { signal },
    );
    this.dataset.live = '';
    this.#load().catch(() => this.#note('The measurements could not be loaded. Reload the page to try again.'));
  }

  disconnectedCallback() {
    this.#listening?.abort();
    this.#panel.stop();
    clearTimeout(this.#regrouping);
    cancelAnimationFrame(this.#frame);
  }

  #onClick(target: Element) {
    const pressed = target.closest<HTMLElement>('button')?.dataset.wallOwn;
    if (pressed === 'again') this.#panel.read();
    else if (pressed === 'all') this.#panel.readAll();
    else if (pressed === 'cancel') this.#panel.cancel();
  }

  /** @returns the id of a network of the visitor's, which the wall knows from here on */
  #withOwn(id: string): string {
    const network = this.#menu.of(id);
    if (network && !this.#data.models.some((model) => model.id === id)) this.#data.models.push(network);
    return id;
  }

  #withoutOwn(id: string) {
    this.#data.models = this.#data.models.filter((model) => model.id !== id);
    if (this.#state.model === id) this.#go({ model: this.#data.start.model }, 'replaceState');
  }

  /** The visitor's networks stand in the menu; one that the address names is chosen once it is there. */
  async #loadOwn() {
    await this.#menu.load().catch(() => {});
    for (const { id } of this.#menu.all) this.#withOwn(id);
    const asked = askedFor(location.search);
    if (asked === null || !this.isConnected) return;
    this.#state = wallStateOf(location.search, this.#data);
    this.#text('own-note', this.#state.model === asked ? '' : notHere(asked));
    this.#show();
  }

  async #load() {
    const own = this.#loadOwn();
    const response = await fetch('/wall/readings.json');
    if (!response.ok) throw new Error(`The readings were answered with ${response.status}.`);
    this.#readings = (await response.json()) as WallReadings;
    await own;
    this.#show();
    // As it is, the wall stands there already: its pixels are read when the page has nothing else to do.
    if (this.#strength === 0) await this.#rest();
    this.#clean = await tilesOnSheets(this.#items.length, this.#data);
    const list = this.querySelector<HTMLElement>('[data-tiles]');
    this.#own = list && (await OwnTile.of(list, this.#data).catch(() => null));
    this.#show();
  }

  /** Until the browser is idle, or the visitor touches the wall. */
  #rest(): Promise<void> {
    if (!('requestIdleCallback' in globalThis)) return Promise.resolve();
    return new Promise((done) => {
      const on = { once: true, signal: this.#listening?.signal };
      for (const event of ['pointerdown', 'keydown', 'input', 'change']) this.addEventListener(event, () => done(), on);
      requestIdleCallback(() => done());
    });
  }

  #onInput(input: HTMLInputElement) {
    if (input.name !== 'strength') return;
    this.#strength = Number(input.value);
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => this.#show());
  }

  #onChange(input: HTMLInputElement) {
    if (input.name === 'strength') {
      // Nothing is measured between the ends: it goes on to the nearer one.
      this.#strength = Number(input.value) >= 0.5 ? 1 : 0;
      this.#go({ strength: this.#strength }, 'replaceState');
    } else if (input.name === 'model' && this.#menu.opens(input.value)) this.#show();
    else if (input.name === 'model' || input.name === 'perturbation')
      this.#go({ [input.name]: input.value }, 'pushState');
  }

  #go(part: Partial<WallState>, history: 'pushState' | 'replaceState') {
    this.#state = { ...this.#state, ...part };
    if (part.model) this.#text('own-note', '');
    window.history[history](null, '', `${location.pathname}${wallQueryOf(this.#state, this.#data)}`);
    this.#show();
  }

  #show() {
    const { model, perturbation } = this.#state;
    const slider = this.querySelector<HTMLInputElement>('input[name=strength]');
    if (slider) slider.value = String(this.#strength);
    for (const name of ['model', 'perturbation'] as const) {
      const select = this.querySelector<HTMLSelectElement>(`select[name=${name}]`);
      if (select) select.value = this.#state[name];
    }
    this.#text('strength-value', this.#strength.toFixed(2));
    this.#text('reader', this.#data.models.find(({ id }) => id === model)?.title ?? model);
    this.#panel.show(this.#menu.of(model) ?? null, this.#state);
    const tiles = this.#readings && tilesOf(this.#readings, model, perturbation);
    if (this.#readings && !tiles) this.#showUnread();
    if (!tiles || !this.#readings) return;
    const isEnd = this.#strength === 0 || this.#strength === 1;
    this.dataset.at = isEnd ? String(this.#strength) : 'between';
    this.#note(isEnd ? 'Labels are measured at both ends.' : 'Between the ends no label is measured.');
    for (const tile of tiles) this.#showTile(tile);
    this.#own?.show(this.#state);
    const groups = groupsOf(this.#readings, tiles, model);
    this.#text('sentence', sentenceOf(tiles, groups));
    this.#draw().catch(() => this.#note('The pattern could not be loaded. Reload the page to try again.'));
    clearTimeout(this.#regrouping);
    if (this.#strength === 1) {
      this.#regrouping = setTimeout(() => {
        this.#arrange(groups);
        this.#text('said', sentenceOf(tiles, groups));
      }, TURN_MS);
    } else if (this.#strength === 0) this.#arrange(null);
  }

  /** The pictures, of which nothing is known yet. */
  #showUnread() {
    this.dataset.at = 'between';
    this.#note('What it reads stands here when it has read all photographs.');
    this.#text('sentence', 'This network has not read the photographs with this pattern yet.');
    for (const item of this.#items) {
      item.classList.remove('turned');
      for (const caption of item.querySelectorAll('[data-before], [data-after]')) caption.textContent = '';
    }
    clearTimeout(this.#regrouping);
    this.#arrange(null);
    this.#draw().catch(() => this.#note('The pattern could not be loaded. Reload the page to try again.'));
  }

  #showTile({ photo, before, after, fooled }: Tile) {
    const item = this.#items[photo];
    const turned = this.#strength === 1 && fooled;
    item.classList.toggle('turned', turned);
    const link = item.querySelector('a');
    const address = labAddress(this.#data.photos[photo].id, this.#state);
    if (link && link.getAttribute('href') !== address) link.href = address;
    for (const [name, text] of [
      ['before', before],
      ['after', after],
    ] as const) {
      const element = item.querySelector<HTMLElement>(`[data-${name}]`);
      // What stands there already is not laid out again.
      if (element && element.textContent !== text) element.textContent = text;
    }
    item.querySelector('[data-after]')?.classList.toggle('fooled', fooled);
  }

  async #draw() {
    const { perturbation } = this.#state;
    if (this.#pattern?.id !== perturbation) {
      const { preview, linf } = this.#data.perturbations.find(
        ({ id }) => id === perturbation,
      ) as WallData['perturbations'][0];
      const values = shrunk(await pixelsAt(preview), this.#data.size, this.#data.tile);
      // The visitor may have chosen another one meanwhile.
      if (this.#state.perturbation !== perturbation) return;
      this.#pattern = { id: perturbation, values, linf };
    }
    const { tile } = this.#data;
    const { values, linf } = this.#pattern;
    this.#own?.draw(values, { linf, strength: this.#strength });
    for (const [i, clean] of this.#clean.entries()) {
      const known = this.#items[i].querySelector('canvas');
      // The picture below is the photograph as it is.
      if (!known && this.#strength === 0) continue;
      const canvas = known ?? this.#newCanvas(this.#items[i]);
      const picture = new ImageData(tile, tile);
      add(clean, values, { linf, strength: this.#strength }, picture.data);
      canvas.getContext('2d')?.putImageData(picture, 0, 0);
    }
  }

  #newCanvas(item: HTMLElement): HTMLCanvasElement {
    const { tile } = this.#data;
    const canvas = Object.assign(document.createElement('canvas'), { width: tile, height: tile });
    item.querySelector('.face')?.append(canvas);
    return canvas;
  }

  /** Puts the tiles below what they became; null: in their first order. */
  #arrange(groups: Group[] | null) {
    const list = this.querySelector<HTMLElement>('[data-tiles]');
    const order = groups
      ? groups.flatMap(({ tiles }) => tiles.map(({ photo }) => photo))
      : this.#items.map((_, i) => i);
    const arranged = groups ? groups.map(({ kind, tiles }) => `${kind} ${tiles.length}`).join() : '';
    if (!list || list.dataset.arranged === arranged) return;
    list.dataset.arranged = arranged;
    const before = this.#items.map((item) => item.getBoundingClientRect());
    for (const heading of list.querySelectorAll('.group')) heading.remove();
    for (const photo of order) list.append(this.#items[photo]);
    for (const group of groups ?? []) {
      const heading = document.createElement('li');
      heading.className = 'group';
      heading.textContent = headingOf(group);
      list.insertBefore(heading, this.#items[group.tiles[0].photo]);
    }
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) return;
    this.#items.forEach((item, i) => {
      const { left, top } = item.getBoundingClientRect();
      const move = `translate(${before[i].left - left}px, ${before[i].top - top}px)`;
      item.animate([{ transform: move }, { transform: 'none' }], { duration: MOVE_MS, easing: 'ease-in-out' });
    });
  }

  #note(text: string) {
    this.#text('note', text);
  }

  #text(name: string, text: string) {
    const element = this.querySelector(`[data-${name}]`);
    if (element && element.textContent !== text) element.textContent = text;
  }
}

if (!customElements.get('atlas-wall')) customElements.define('atlas-wall', AtlasWall);
