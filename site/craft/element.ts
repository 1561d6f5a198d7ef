import { type Runtime, runtimeName, runtimesHere } from '../runtime/index.ts';
import { Bench } from './bench.ts';
import { type Brought, bringPhotos, broughtText, filesDropped, release } from './brought.ts';
import { Conductor } from './conductor.ts';
import type { CraftData } from './data.ts';
import { make, named, save, tell } from './dom.ts';
import type { FileKind } from './files.ts';
import { Form } from './form.ts';
import { type KeptPattern, keepPattern } from './kept.ts';
import { KeptList, labAddress } from './kept-list.ts';
import { usesNoCompiler } from './lazy.ts';
import type { Craft } from './machine.ts';
import { orderOf, publishedNetwork } from './order.ts';
import type { CraftOrder } from './protocol.ts';
import { Results } from './results.ts';
import { type CraftState, craftQueryOf, craftStateOf } from './state.ts';
import { Announcer, boundText } from './words.ts';

/** `<atlas-craft>`: chooses what a craft is made from, runs it, and hands out what it leaves. */
class AtlasCraft extends HTMLElement {
  #data!: CraftData;
  #state!: CraftState;
  #form!: Form;
  #bench!: Bench;
  #results!: Results;
  #kept!: KeptList;
  #conductor!: Conductor;
  #runtimes: Runtime[] = [];
  #brought: Brought | null = null;
  #pattern: KeptPattern | null = null;
  #listening: AbortController | undefined;
  readonly #announcer = new Announcer();

  connectedCallback() {
    const text = this.querySelector('script[data-craft]')?.textContent;
    if (!text) return;
    this.#data = JSON.parse(text);
    const shows = new Map(this.#data.photos.map((photo) => [photo.name, photo.shows]));
    this.#form = new Form(named(this, 'form'), this.#data);
    this.#bench = new Bench(named(this, 'bench'), (name) => shows.get(name) ?? name);
    this.#results = new Results(named(this, 'results'));
    const models = this.#data.models.map(({ id }) => id);
    this.#kept = new KeptList(named(this, 'kept'), models, this.#data.canvas);
    this.#conductor = new Conductor(startWorker, (craft, before) => this.#show(craft, before));
    this.#state = craftStateOf(location.search, this.#data);
    this.#listen();
    this.dataset.phase = 'idle';
    this.#change({}, 'keep');
    this.#kept.refresh();
    runtimesHere().then((runtimes) => {
      this.#runtimes = runtimes;
      this.#form.showRuntimes(runtimes);
      this.dataset.ready = '';
    });
  }

  disconnectedCallback() {
    this.#listening?.abort();
    this.#conductor.close();
    if (this.#brought) release(this.#brought);
  }

  #listen() {
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    const form = named(this, 'form');
    form.addEventListener('input', (event) => this.#onInput(event.target as HTMLInputElement), { signal });
    form.addEventListener('change', (event) => this.#onFiles(event.target as HTMLInputElement), { signal });
    // A field that was left says again what counts.
    form.addEventListener('focusout', () => queueMicrotask(() => this.#form.show(this.#state, this.#usual)), {
      signal,
    });
    this.addEventListener('click', (event) => this.#onClick(event.target as Element), { signal });
    for (const type of ['dragover', 'dragleave', 'drop'] as const)
      this.addEventListener(type, (event) => this.#onDrag(event), { signal });
    addEventListener('popstate', () => this.#change(craftStateOf(location.search, this.#data), 'keep'), { signal });
    addEventListener(
      'beforeunload',
      (event) => {
        if (this.#conductor.craft.phase === 'running') event.preventDefault();
      },
      { signal },
    );
  }

  #onInput(field: HTMLInputElement) {
    if (field.type === 'file') return;
    const part = this.#form.changeOf(field, this.#state);
    if (part) this.#change(part, 'replace');
  }

  #onFiles(field: HTMLInputElement) {
    if (field.type !== 'file') return;
    const files = [...(field.files ?? [])];
    // The same may be chosen again.
    field.value = '';
    if (files.length > 0) this.#bring(files);
  }

  #onDrag(event: DragEvent) {
    if (!event.dataTransfer?.types.includes('Files') || this.#conductor.craft.phase === 'running') return;
    event.preventDefault();
    this.toggleAttribute('data-over', event.type === 'dragover');
    if (event.type === 'drop') filesDropped(event.dataTransfer).then((files) => this.#bring(files));
  }

  #onClick(target: Element) {
    const button = target.closest<HTMLElement>('button');
    const is = (name: string) => button?.dataset[name] !== undefined;
    const { craft } = this.#conductor;
    if (is('start')) this.#begin();
    else if (is('hold')) craft.wish === 'pause' ? this.#conductor.goOn() : this.#conductor.pause();
    else if (is('stop')) this.#conductor.stop();
    else if (is('again')) this.#conductor.again();
    else if (is('change')) this.#reopen();
    else if (is('keep')) this.#keep();
    else if (is('toLab')) this.#toLab();
    else if (button?.dataset.save) this.#save(button.dataset.save as FileKind, button.dataset.of);
  }

  async #bring(files: File[]) {
    this.#change({ photos: 'own' }, 'replace');
    const says = (text: string) => tell(this, 'brought', text);
    if (this.#brought) release(this.#brought);
    this.#brought = null;
    this.#brought = await bringPhotos(files, (done, total) => says(`Reading ${done} of ${total}\u2026`));
    says(broughtText(this.#brought));
    this.#complain(null);
  }

  #change(part: Partial<CraftState>, history: 'replace' | 'keep') {
    this.#state = { ...this.#state, ...part };
    if (history === 'replace')
      window.history.replaceState(null, '', `${location.pathname}${craftQueryOf(this.#state, this.#data)}`);
    this.#form.show(this.#state, this.#usual);
    this.#complain(null);
  }

  get #usual() {
    return this.#data.usual[this.#state.norm];
  }

  #order(): { order: CraftOrder; classes: number } | null {
    const chosen = publishedNetwork(this.#state.network, this.#data);
    const runtime = this.#runtimes.find((one) => runtimeName(one) === this.#form.runtime) ?? this.#runtimes[0];
    if (!chosen || !runtime) return null;
    const own = this.#brought?.photos ?? [];
    return {
      order: orderOf(this.#state, this.#data, { chosen, own, runtime, usual: this.#usual }),
      classes: chosen.classes,
    };
  }

  async #begin() {
    const asked = this.#order();
    if (!asked || this.#conductor.craft.phase === 'running') return;
    const { complaintOf } = await import('./check.ts');
    const complaint = await complaintOf(asked.order, asked.classes);
    this.#complain(complaint);
    if (complaint !== null) return;
    this.#pattern = null;
    this.#conductor.begin(asked.order);
    named(this, 'title').focus({ preventScroll: true });
    named(this, 'bench').scrollIntoView({ block: 'nearest' });
  }

  #complain(says: string | null) {
    const complaint = named(this, 'complaint');
    complaint.hidden = says === null;
    if (complaint.textContent !== (says ?? '')) complaint.textContent = says ?? '';
  }

  /** The form again, beside what was crafted. */
  #reopen() {
    this.dataset.phase = 'idle';
    named<HTMLElement>(this, 'start').focus();
    named(this, 'form').scrollIntoView({ block: 'nearest' });
  }

  #show(craft: Craft, before: Craft) {
    if (craft.phase !== before.phase) this.dataset.phase = craft.phase;
    this.#bench.show(craft, before);
    this.#results.show(craft);
    const said = this.#announcer.next(craft, performance.now());
    if (said !== null) tell(this, 'said', said);
    if (craft.phase === 'idle' && before.phase === 'running') named<HTMLElement>(this, 'start').focus();
    if (craft.result !== before.result) this.#showKept(null);
  }

  /** What was crafted, as it is kept and saved. */
  async #patternNow(): Promise<KeptPattern | null> {
    const { result, order, measured } = this.#conductor.craft;
    if (!result || !order) return null;
    if (this.#pattern?.record === result.record) return this.#pattern;
    await usesNoCompiler();
    const { patternId } = await import('./files.ts');
    const { attack, norm, epsilon, seed, network, canvas, fit } = order;
    this.#pattern = {
      ...{ id: patternId(result.v), name: result.id, network: { id: network.id, title: network.title } },
      ...{ made: `${attack}, ${boundText({ norm, epsilon })}, seed ${seed}`, at: new Date().toISOString() },
      ...{ canvas, fit, v: new Float32Array(result.v), record: result.record, measured },
    };
    return this.#pattern;
  }

  async #save(kind: FileKind, kept?: string) {
    const pattern = kept ? this.#kept.find(kept) : await this.#patternNow();
    if (!pattern) return;
    await usesNoCompiler();
    const { fileNames, fileOf } = await import('./files.ts');
    save(await fileOf(kind, pattern), fileNames[kind]);
  }

  async #keep(): Promise<KeptPattern | null> {
    const pattern = await this.#patternNow();
    if (!pattern) return null;
    try {
      await keepPattern(pattern);
      await this.#kept.refresh();
      this.#showKept('It is kept in this browser.');
      return pattern;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#showKept(`This browser does not keep it: ${why} Download the files instead.`);
      return null;
    }
  }

  #showKept(says: string | null) {
    tell(this, 'keep-says', says ?? '');
  }

  async #toLab() {
    const pattern = await this.#keep();
    if (!pattern) return;
    const address = labAddress(
      pattern,
      this.#data.models.map(({ id }) => id),
    );
    make('a', { href: address }).click();
  }
}

const startWorker = () => new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });

if (!customElements.get('atlas-craft')) customElements.define('atlas-craft', AtlasCraft);
