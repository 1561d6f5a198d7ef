import { CHOSEN, type ChosenEvent, FORGOTTEN } from '../own-network/index.ts';
import { type Runtime, runtimeName, runtimesHere } from '../runtime/index.ts';
import { Bench } from './bench.ts';
import { type Brought, bringPhotos, broughtText, filesDropped, release } from './brought.ts';
import { Conductor } from './conductor.ts';
import type { CraftData } from './data.ts';
import { named, tell } from './dom.ts';
import type { FileKind } from './files.ts';
import { Form } from './form.ts';
import { Keeping } from './keeping.ts';
import type { Craft } from './machine.ts';
import { orderOf, ownChosen, publishedNetwork } from './order.ts';
import { isNetworkFile, OwnNetworks } from './own.ts';
import type { CraftOrder } from './protocol.ts';
import { Results } from './results.ts';
import { type CraftState, craftQueryOf, craftStateOf } from './state.ts';
import { Announcer } from './words.ts';

/** `<atlas-craft>`: chooses what a craft is made from, runs it, and hands out what it leaves. */
class AtlasCraft extends HTMLElement {
  #data!: CraftData;
  #state!: CraftState;
  #form!: Form;
  #bench!: Bench;
  #results!: Results;
  #keeping!: Keeping;
  #own!: OwnNetworks;
  #conductor!: Conductor;
  #runtimes: Runtime[] = [];
  #brought: Brought | null = null;
  #listening: AbortController | undefined;
  readonly #announcer = new Announcer();

  connectedCallback() {
    const text = this.querySelector('script[data-craft]')?.textContent;
    if (!text) return;
    this.#data = JSON.parse(text);
    const { photos, models, canvas } = this.#data;
    const shows = new Map(photos.map((photo) => [photo.name, photo.shows]));
    this.#form = new Form(named(this, 'form'), this.#data);
    this.#bench = new Bench(named(this, 'bench'), (name) => shows.get(name) ?? name);
    this.#results = new Results(named(this, 'results'));
    this.#own = new OwnNetworks(this, this.#data);
    this.#conductor = new Conductor(startWorker, (craft, before) => this.#show(craft, before));
    const networks = models.map(({ id }) => id);
    this.#keeping = new Keeping(this, { networks, canvas }, () => this.#conductor.craft);
    this.#listen();
    this.#readAddress();
    // Until now a choice would have been lost.
    named(this, 'form').inert = false;
    this.#begun();
  }

  /** What takes a moment to be known: networks of one's own, which the address may name, and what this browser has. */
  async #begun() {
    const [runtimes] = await Promise.all([runtimesHere(), this.#own.refresh()]);
    this.#runtimes = runtimes;
    this.#form.showRuntimes(runtimes);
    this.#form.showNetworks(this.#own.all);
    this.#readAddress();
    this.dataset.ready = '';
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
    form.addEventListener('focusout', () => queueMicrotask(() => this.#showForm()), { signal });
    this.addEventListener('click', (event) => this.#onClick(event.target as Element), { signal });
    for (const type of ['dragover', 'dragleave', 'drop'] as const)
      this.addEventListener(type, (event) => this.#onDrag(event), { signal });
    this.addEventListener(CHOSEN, (event) => this.#useOwn((event as ChosenEvent).detail.id), { signal });
    this.addEventListener(FORGOTTEN, () => this.#showOwn(), { signal });
    addEventListener('popstate', () => this.#readAddress(), { signal });
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
    if (part) this.#change(part);
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
    if (event.type === 'drop')
      filesDropped(event.dataTransfer).then((files) =>
        files.some(isNetworkFile) ? this.#own.look(files) : this.#bring(files),
      );
  }

  #onClick(target: Element) {
    const button = target.closest<HTMLElement>('button');
    const is = (name: string) => button?.dataset[name] !== undefined;
    const { craft } = this.#conductor;
    if (is('start')) this.#begin();
    else if (is('bring')) this.#own.open(!this.#own.isOpen);
    else if (is('hold')) craft.wish === 'pause' ? this.#conductor.goOn() : this.#conductor.pause();
    else if (is('stop')) this.#conductor.stop();
    else if (is('again')) this.#conductor.again();
    else if (is('change')) this.#reopen();
    else if (is('keep')) this.#keeping.keep();
    else if (is('toLab')) this.#keeping.toLab();
    else if (button?.dataset.save) this.#keeping.save(button.dataset.save as FileKind, button.dataset.of);
  }

  async #bring(files: File[]) {
    this.#change({ photos: 'own' });
    const says = (text: string) => tell(this, 'brought', text);
    if (this.#brought) release(this.#brought);
    this.#brought = null;
    this.#brought = await bringPhotos(files, (done, total) => says(`Reading ${done} of ${total}\u2026`));
    says(broughtText(this.#brought));
    this.#complain(null);
  }

  async #useOwn(id: string) {
    await this.#showOwn();
    this.#change({ network: id });
    await this.#own.open(false);
    named(this, 'bring').focus();
  }

  async #showOwn() {
    await this.#own.refresh();
    this.#form.showNetworks(this.#own.all);
    this.#readAddress();
  }

  #readAddress() {
    const own = this.#own.all.map(({ id }) => id);
    this.#state = craftStateOf(location.search, this.#data, own);
    this.#showForm();
  }

  #change(part: Partial<CraftState>) {
    this.#state = { ...this.#state, ...part };
    history.replaceState(null, '', `${location.pathname}${craftQueryOf(this.#state, this.#data)}`);
    this.#showForm();
    this.#complain(null);
  }

  #showForm() {
    this.#form.show(this.#state, this.#usual);
  }

  get #usual(): number {
    return this.#own.usualFor(this.#state.network, this.#state.norm, () => this.#showForm());
  }

  /** The order, or what is wrong with it. */
  async #order(): Promise<CraftOrder | string> {
    const { network } = this.#state;
    const runtime = this.#runtimes.find((one) => runtimeName(one) === this.#form.runtime) ?? this.#runtimes[0];
    if (!runtime) return 'This browser has not said yet what it can run networks with. Try again in a moment.';
    const chosen = publishedNetwork(network, this.#data) ?? (await ownChosen(network));
    if (!chosen) return 'This browser does not have that network any more. Bring it again, or choose another.';
    const own = this.#brought?.photos ?? [];
    const order = orderOf(this.#state, this.#data, { chosen, own, runtime, usual: this.#usual });
    const { complaintOf } = await import('./check.ts');
    return (await complaintOf(order, chosen.classes)) ?? order;
  }

  async #begin() {
    const asked = await this.#order().catch((error: unknown) => String((error as Error).message ?? error));
    if (this.#conductor.craft.phase === 'running') return;
    this.#complain(typeof asked === 'string' ? asked : null);
    if (typeof asked === 'string') return;
    this.#conductor.begin(asked);
    named(this, 'title').focus({ preventScroll: true });
    named(this, 'bench').scrollIntoView({ block: 'nearest' });
  }

  #complain(says: string | null) {
    named(this, 'complaint').hidden = says === null;
    tell(this, 'complaint', says ?? '');
  }

  /** The form again, above what was crafted. */
  #reopen() {
    this.dataset.phase = 'idle';
    named(this, 'start').focus();
    named(this, 'form').scrollIntoView({ block: 'nearest' });
  }

  #show(craft: Craft, before: Craft) {
    if (craft.phase !== before.phase) this.dataset.phase = craft.phase;
    if (craft.result !== before.result) this.#keeping.forget();
    this.#bench.show(craft, before);
    this.#results.show(craft);
    const said = this.#announcer.next(craft, performance.now());
    if (said !== null) tell(this, 'said', said);
    if (craft.phase === 'idle' && before.phase === 'running') named(this, 'start').focus();
  }
}

const startWorker = () => new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });

if (!customElements.get('atlas-craft')) customElements.define('atlas-craft', AtlasCraft);
