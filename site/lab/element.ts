import { askedFor } from '../own-network/menu.ts';
import { Ahead, type Line } from './ahead.ts';
import { onPhotoBrought } from './bring.ts';
import { Conductor } from './conductor.ts';
import { Controls } from './controls.ts';
import type { LabData } from './data.ts';
import { Entries } from './entries.ts';
import { EveryNetwork } from './every-network.ts';
import type { Way } from './failure.ts';
import { onHeld } from './hold.ts';
import { Identify } from './identify.ts';
import { pictureOf } from './keep.ts';
import { idle, type Lab } from './machine.ts';
import { CAMERA, Mirror, type Seen } from './mirror.ts';
import { goesByItself } from './opening.ts';
import { OwnNetworks } from './own-networks.ts';
import { isOwnPattern, ownPatterns } from './own-patterns.ts';
import { OwnPhotos, ownPhotoAsked } from './own-photos.ts';
import { sourcesOf } from './sources.ts';
import { changed, isOwnPhoto, type LabState, queryOf, stateOf } from './state.ts';
import { type Take, take } from './take.ts';
import { LabView } from './view.ts';

/** An answer that stands for so many milliseconds is read out. */
const SAID_AFTER_MS = 600;

/**
 * `<atlas-lab>`: a photo, a perturbation, a strength, and what a network reads. It turns what the visitor does into
 * questions, and shows what the conductor knows of them.
 */
class AtlasLab extends HTMLElement {
  #data!: LabData;
  #view!: LabView;
  #sources!: ReturnType<typeof sourcesOf>;
  #conductor!: Conductor;
  #state!: LabState;
  #listening: AbortController | undefined;
  readonly #entries = new Entries();
  #byKeys = false;
  #saying: ReturnType<typeof setTimeout> | undefined;
  readonly #own = new OwnPhotos();
  #controls!: Controls;
  #every!: EveryNetwork;
  #ahead!: Ahead;
  #identify!: Identify;
  #mirror!: Mirror;
  /** What the camera saw last, while it is on. */
  #seen: Lab | null = null;
  #isHeld = false;
  /** Photographs that the visitor keeps in this browser are on their way. */
  #coming: Promise<unknown> = Promise.resolve();
  #ownNetworks!: OwnNetworks;

  connectedCallback() {
    this.#data = JSON.parse(this.querySelector('script[data-lab]')?.textContent ?? '{}');
    this.#view = new LabView(this, this.#data.size);
    this.#state = stateOf(location.search, this.#data);
    this.#sources = sourcesOf(this.#data, (id) => this.#own.get(id)?.read);
    this.#ahead = new Ahead(
      (question, of) => this.#sources.load(question, of),
      () => this.#showControls(),
      (navigator as Navigator & { connection?: Line }).connection,
    );
    this.#controls = new Controls(this.#view, this, this.#data, this.#own, {
      isLoaded: (model) => this.#ahead.isReady(model),
      noteOf: (model) => this.#ownNetworks?.noteOf(model) ?? '',
    });
    this.#every = new EveryNetwork(this.#view.get('every-table'), this.#data.models, (question, signal) =>
      this.#sources.reading(question, signal, () => {}),
    );
    this.#identify = new Identify(
      { button: this.#view.get('identify'), out: this.#view.get('identified') },
      (photo, of) => this.#sources.identify(photo, of),
      (id) => this.#data.perturbations.find((one) => one.id === id),
    );
    this.#mirror = new Mirror(
      { button: this.#view.get('mirror'), said: this.#view.get('mirror-said') },
      this.#data,
      (frame, question, of) => this.#sources.see(frame, question, of),
      (seen, question) => this.#showSeen(seen, question),
    );
    this.#view.get('share').hidden = !('share' in navigator);
    this.#conductor = new Conductor(this.#state, this.#sources, (lab) => this.#show(lab));
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    this.addEventListener('input', (event) => this.#onInput(event), { signal });
    this.addEventListener('click', (event) => this.#onClick(event), { signal });
    for (const type of ['pointerdown', 'keydown', 'input'] as const)
      this.addEventListener(type, () => this.#ahead.touched(), { signal, capture: true });
    onPhotoBrought(this, (file) => this.#bring(file), signal);
    this.addEventListener('keydown', () => (this.#byKeys = true), { signal, capture: true });
    this.addEventListener('pointerdown', () => (this.#byKeys = false), { signal, capture: true });
    this.addEventListener('focusout', () => this.#entries.left(), { signal });
    addEventListener('popstate', () => this.#change(this.#asked(), 'keep'), { signal });
    onHeld(this.#view.get('frame'), (isHeld) => this.#hold(isHeld), signal);
    this.#ownNetworks = new OwnNetworks(
      this,
      this.#data,
      {
        chosen: (model) => this.#change({ model }, 'push'),
        forgotten: (id) => this.#state.model === id && this.#change({ model: this.#data.start.model }, 'replace'),
      },
      signal,
    );
    this.#beginWithOwn(signal);
  }

  /** What the address asks for; a photograph of one's own is named by the entry of the history alone. */
  #asked(): LabState {
    const photo = ownPhotoAsked();
    return { ...stateOf(location.search, this.#data), ...(photo !== null && this.#own.get(photo) && { photo }) };
  }

  async #addOwnPhotos() {
    for (const { id, own } of await this.#own.load()) this.#controls.showOwnPhoto(id, own);
  }

  async #forgetPhotos() {
    for (const id of await this.#own.forget()) this.#controls.removePhoto(id);
    this.#change({ photo: this.#data.start.photo }, 'replace');
  }

  async #addOwnPatterns(signal: AbortSignal) {
    const own = await ownPatterns(this.#data).catch(() => []);
    if (own.length === 0 || signal.aborted) return;
    this.#data.perturbations.push(...own);
    this.#controls.showOwnPatterns(own);
  }

  disconnectedCallback() {
    this.#listening?.abort();
    this.#conductor.stop();
    this.#every.stop();
    this.#identify.stop();
    this.#mirror.stop();
    this.#ahead.forget();
    this.#sources.stop();
    clearTimeout(this.#saying);
  }

  /** What the visitor keeps here stands in the menus; what of it the address names is waited for. */
  async #beginWithOwn(signal: AbortSignal) {
    const asked = askedFor(location.search);
    const pattern = new URLSearchParams(location.search).get('perturbation') ?? '';
    const isWaiting = asked !== null || isOwnPattern(pattern) || ownPhotoAsked() !== null;
    this.#coming = this.#addOwnPhotos();
    if (!isWaiting) this.#begin(signal);
    await Promise.all([this.#coming, this.#addOwnPatterns(signal), this.#ownNetworks.load()]);
    if (signal.aborted || !isWaiting) return;
    this.#state = this.#asked();
    this.#ownNetworks.noteAddress(location.search);
    this.#begin(signal);
  }

  /** Opens with the slider on its way from nothing to the whole pattern, unless an address or the visitor says no. */
  #begin(signal: AbortSignal) {
    // Moved before this script was there.
    const slider = this.#view.get<HTMLInputElement>('strength');
    if (slider.value !== slider.defaultValue) {
      this.#ahead.touched();
      this.#change({ strength: Number(slider.value) }, 'replace');
      return;
    }
    const isAsked = new URLSearchParams(location.search).has('strength');
    if (isAsked || matchMedia('(prefers-reduced-motion: reduce)').matches) {
      this.#change({}, 'replace');
      return;
    }
    goesByItself(
      this,
      {
        ...{ end: this.#state.strength, stop: this.#data.stop },
        isShown: () => this.#conductor.lab.phase !== 'waiting',
        go: (strength, isLast) => this.#change({ strength }, isLast ? 'replace' : 'keep'),
      },
      signal,
    );
  }

  #hold(isHeld: boolean) {
    this.#isHeld = isHeld;
    this.#view.show(this.#seen ?? this.#conductor.lab, this.#controls.namesOf, isHeld);
  }

  #onInput(event: Event) {
    const input = event.target as HTMLInputElement | HTMLSelectElement;
    if (input.name === 'model' && this.#ownNetworks.opens(input.value)) this.#showControls();
    else if (input.name === 'strength') this.#change({ strength: Number(input.value) }, 'replace');
    else if (['model', 'perturbation', 'where', 'photo'].includes(input.name))
      this.#change({ [input.name]: input.value }, this.#entries.kindOf(input.name, this.#byKeys));
  }

  #onClick(event: Event) {
    const pressed = (event.target as Element).closest<HTMLElement>(
      '[data-preset], [data-way], [data-fold], [data-every], [data-identify], [data-forget], [data-mirror], [data-take]',
    );
    if (pressed?.dataset.preset) this.#change({ strength: Number(pressed.dataset.preset) }, 'replace');
    if (pressed?.dataset.fold !== undefined)
      pressed.setAttribute('aria-expanded', String(pressed.getAttribute('aria-expanded') !== 'true'));
    if (pressed?.dataset.every !== undefined) this.#every.ask(this.#state);
    if (pressed?.dataset.identify !== undefined) this.#identify.ask(this.#state);
    if (pressed?.dataset.forget !== undefined) this.#forgetPhotos();
    if (pressed?.dataset.mirror !== undefined) this.#look();
    if (pressed?.dataset.take)
      take(pressed, pressed.dataset.take as Take, () => {
        const lab = this.#seen ?? this.#conductor.lab;
        return pictureOf(lab, this.#data.size, this.#controls.namesOf(lab.question));
      });
    if (pressed?.dataset.way) this.#goOn(pressed.dataset.way as Way);
  }

  #goOn(way: Way) {
    if (way === 'again') {
      this.#ahead.forget();
      this.#conductor.again();
    } else if (way === 'another') this.querySelector<HTMLInputElement>('input[name=file]')?.click();
    else this.#change({ where: way }, 'push');
  }

  async #bring(file: File) {
    await this.#coming;
    this.#change({ photo: this.#own.bring(file) }, 'replace');
  }

  #change(part: Partial<LabState>, history: 'push' | 'replace' | 'keep') {
    this.#state = changed(this.#state, part);
    if (history !== 'keep' && part.model) this.#ownNetworks.noteAddress(null);
    if (history !== 'keep') {
      const address = `${location.pathname}${queryOf(this.#state, this.#data)}${location.hash}`;
      const { photo } = this.#state;
      window.history[`${history}State`](isOwnPhoto(photo) ? { photo } : null, '', address);
    }
    if (part.photo !== undefined) {
      this.#mirror.stop();
      this.#seen = null;
    }
    this.#showControls();
    this.#every.keep(this.#state);
    this.#identify.keep(this.#state);
    // What the camera sees is asked about in place of the photograph; that is asked about again when it ends.
    if (this.#mirror.isOn) this.#mirror.ask(this.#state);
    else this.#conductor.ask(this.#state);
  }

  /** The controls as they were set; while the camera is on, nobody's photograph is on the screen. */
  #showControls() {
    this.#controls.show(this.#state);
    if (this.#seen) this.#controls.showCamera();
  }

  #look() {
    if (this.#mirror.isOn) return this.#mirror.stop();
    this.#conductor.stop();
    this.#mirror.start(this.#state, () => {
      this.#seen = null;
      this.removeAttribute('data-camera');
      if (this.isConnected) this.#change({}, 'keep');
    });
  }

  #showSeen({ picture, reading }: Seen, question: LabState) {
    this.#seen = { ...idle({ ...question, photo: CAMERA }), phase: 'answered', picture, reading };
    this.#controls.showCamera();
    this.toggleAttribute('data-camera', true);
    this.#view.show(this.#seen, this.#controls.namesOf, this.#isHeld);
    this.dataset.answered = JSON.stringify({ ...this.#seen.question, by: reading.by });
  }

  #show(lab: Lab) {
    this.#view.show(lab, this.#controls.namesOf, this.#isHeld);
    this.#ahead.shows(lab);
    clearTimeout(this.#saying);
    if (lab.phase !== 'waiting')
      this.#saying = setTimeout(() => this.#view.say(lab, this.#controls.namesOf(lab.question)), SAID_AFTER_MS);
    const { phase, question, reading } = lab;
    if (phase === 'answered') this.#own.keep(question.photo);
    if (phase === 'answered') this.dataset.answered = JSON.stringify({ ...question, by: reading?.by });
    else delete this.dataset.answered;
  }
}

if (!customElements.get('atlas-lab')) customElements.define('atlas-lab', AtlasLab);
