/**
 * Enhances the view of a plate: how much the pattern is amplified, how strongly it is added, a loupe over the same
 * place of all three pictures, and the photograph as it was while one holds the picture.
 *
 * The pattern is read from its picture, which is amplified about grey: 8 bits of it are more than the eye tells apart.
 */
import type { Fit } from '#shared/release';
import { addOwnPhotos, ownPixels } from './own-photos.ts';

const LOUPE = 21;
const STEP = 1 / 32;

class PlateView extends HTMLElement {
  #listening: AbortController | undefined;
  #at = { x: 0.5, y: 0.5 };
  #pictures = new Map<string, ImageData>();
  #turn = 0;

  connectedCallback() {
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    const on = (type: string, act: (event: Event) => void) => this.addEventListener(type, act, { signal });
    on('input', ({ target }) => (target as Element).matches('[type=radio]') || this.#show());
    on('change', ({ target }) => (target as Element).matches('[type=radio]') && this.#show());
    for (const frame of this.querySelectorAll<HTMLElement>('[data-frame]')) {
      frame.addEventListener('pointermove', (event) => this.#point(event, frame), { signal });
      frame.addEventListener('pointerleave', () => this.#hide(), { signal });
      frame.addEventListener('keydown', (event) => this.#move(event), { signal });
      frame.addEventListener('blur', () => this.#hide(), { signal });
    }
    const sum = this.querySelector<HTMLElement>('[data-frame=sum]');
    for (const [type, held] of [
      ['pointerdown', true],
      ['pointerup', false],
      ['pointerleave', false],
      ['pointercancel', false],
    ] as const)
      sum?.addEventListener(type, () => this.#hold(held), { signal });
    sum?.addEventListener('keyup', (event) => event.key === ' ' && this.#hold(false), { signal });
    // What the page was built with is there until somebody comes near.
    const near = new IntersectionObserver(
      ([{ isIntersecting }]) => {
        if (!isIntersecting) return;
        near.disconnect();
        this.#show();
      },
      { rootMargin: '200px' },
    );
    near.observe(this);
    addOwnPhotos(this, { size: Number(this.dataset.size), fit: this.dataset.fit as Fit });
    signal.addEventListener('abort', () => near.disconnect());
  }

  disconnectedCallback() {
    this.#listening?.abort();
  }

  #value(name: string): number {
    return Number(this.querySelector<HTMLInputElement>(`[name=${name}]`)?.value ?? 1);
  }

  get #photo(): HTMLElement | null {
    return this.querySelector('[name=photo]:checked');
  }

  /** Draws the three pictures of what is chosen. */
  async #show() {
    const turn = ++this.#turn;
    const amplified = this.#value('amplified');
    const strength = this.#value('strength');
    for (const name of ['amplified', 'strength'])
      for (const out of this.querySelectorAll(`[data-out=${name}]`)) out.textContent = String(this.#value(name));
    const chosen = this.#photo;
    if (!chosen) return;
    const { clean = '', pattern = '' } = chosen.dataset;
    const [photo, v] = await Promise.all([pixelsOf(clean), pixelsOf(pattern)]).catch(() => []);
    if (turn !== this.#turn || !photo || !v || photo.width !== v.width) return;
    const most = Number(this.dataset.most) / 127;
    const change = (i: number) => (v.data[i] - 127.5) * most;
    this.#paint('clean', photo.width, (i) => photo.data[i]);
    this.#paint('pattern', photo.width, (i) => 127.5 + amplified * change(i));
    this.#paint('sum', photo.width, (i) =>
      Math.floor(Math.min(255, Math.max(0, photo.data[i] + strength * change(i))) + 0.5),
    );
    this.#tell(chosen, strength);
    this.dispatchEvent(
      new CustomEvent('shown', {
        bubbles: true,
        // The API knows nothing of a visitor's own photograph.
        detail: { photo: chosen.dataset.own === undefined ? chosen.getAttribute('value') : undefined, strength },
      }),
    );
  }

  /** Readings are those of the record: of the photograph, and of the plate as it is. */
  #tell({ dataset }: HTMLElement, strength: number) {
    const said = this.querySelector('[data-said-after]');
    const before = this.querySelector('[data-said-before]');
    if (before) before.textContent = dataset.before ?? '';
    if (!said) return;
    said.classList.toggle('fooled', strength === 1 && dataset.fooled === 'true');
    said.textContent =
      strength === 0
        ? (dataset.before ?? '')
        : strength === 1 || dataset.own !== undefined
          ? (dataset.after ?? '')
          : 'not measured at this strength';
    const lab = this.querySelector<HTMLAnchorElement>('[data-lab]');
    if (!lab) return;
    const url = new URL(lab.href);
    url.searchParams.set('strength', String(strength));
    url.searchParams.set('photo', (this.#photo as HTMLInputElement).value);
    lab.href = url.href;
  }

  #paint(name: string, size: number, valueAt: (i: number) => number) {
    const canvas = this.querySelector<HTMLCanvasElement>(`[data-frame=${name}] [data-picture]`);
    if (!canvas) return;
    canvas.width = size;
    canvas.height = size;
    const picture = new ImageData(size, size);
    for (let i = 0; i < picture.data.length; i++) picture.data[i] = i % 4 === 3 ? 255 : valueAt(i);
    canvas.getContext('2d')?.putImageData(picture, 0, 0);
    canvas.dataset.painted = '';
    this.#pictures.set(name, picture);
  }

  #hold(held: boolean) {
    const shown = this.#pictures.get(held ? 'clean' : 'sum');
    const canvas = this.querySelector<HTMLCanvasElement>('[data-frame=sum] [data-picture]');
    if (shown) canvas?.getContext('2d')?.putImageData(shown, 0, 0);
    this.classList.toggle('held', held);
  }

  #point(event: PointerEvent, frame: HTMLElement) {
    const box = frame.getBoundingClientRect();
    this.#at = { x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height };
    this.#magnify();
  }

  #move(event: KeyboardEvent) {
    const by = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] }[event.key];
    if (event.key === ' ' && (event.currentTarget as HTMLElement).dataset.frame === 'sum') {
      event.preventDefault();
      this.#hold(true);
    } else if (event.key === 'Escape') this.#hide();
    else if (by) {
      event.preventDefault();
      const within = (value: number) => Math.min(1, Math.max(0, value));
      this.#at = { x: within(this.#at.x + by[0]), y: within(this.#at.y + by[1]) };
      this.#magnify();
    }
  }

  /** The same pixels of all three, each as large as a square of many. */
  #magnify() {
    for (const frame of this.querySelectorAll<HTMLElement>('[data-frame]')) {
      const loupe = frame.querySelector<HTMLCanvasElement>('[data-loupe]');
      const picture = frame.querySelector<HTMLCanvasElement>('[data-picture]');
      const context = loupe?.getContext('2d');
      if (!loupe || !picture || !context) continue;
      const first = (at: number) =>
        Math.round(Math.min(picture.width - LOUPE, Math.max(0, at * picture.width - LOUPE / 2)));
      context.imageSmoothingEnabled = false;
      context.drawImage(picture, first(this.#at.x), first(this.#at.y), LOUPE, LOUPE, 0, 0, loupe.width, loupe.height);
      loupe.style.left = `${this.#at.x * 100}%`;
      loupe.style.top = `${this.#at.y * 100}%`;
      loupe.hidden = false;
    }
  }

  #hide() {
    for (const loupe of this.querySelectorAll<HTMLCanvasElement>('[data-loupe]')) loupe.hidden = true;
  }
}

const read = new Map<string, Promise<ImageData>>();

function pixelsOf(url: string): Promise<ImageData> {
  const known = read.get(url) ?? decode(url);
  read.set(url, known);
  return known;
}

async function decode(url: string): Promise<ImageData> {
  const own = ownPixels(url);
  if (own) return await own();
  const image = new Image();
  image.src = url;
  await image.decode();
  const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
  const context = canvas.getContext('2d', { willReadFrequently: true })!;
  context.drawImage(image, 0, 0);
  return context.getImageData(0, 0, canvas.width, canvas.height);
}

if (!customElements.get('plate-view')) customElements.define('plate-view', PlateView);
