import type { Fit } from '#shared/release';
import { guessNotes, whyNoGuess } from '#shared/zoo';
import type { OwnData } from './data.ts';
import { labelsFrom, sorted } from './files.ts';
import { CHOSEN, type ChosenEvent, FORGOTTEN, forget, ownNetworks } from './index.ts';
import { Look } from './look.ts';
import type { OwnNetworkSummary } from './network.ts';
import { normalisationOf } from './proposal.ts';
import type { Said } from './protocol.ts';
import type { Asking } from './thread.ts';
import { OwnView } from './view.ts';
import { guessText, namedText, workText } from './words.ts';

/** Fewer photos of a known class tell next to nothing. */
const FEWEST_LABELLED = 8;

/**
 * `<atlas-own-network>`: a file is looked at, the visitor corrects what is proposed for it, and it is kept. Dispatches
 * `CHOSEN` with the network, and `FORGOTTEN` with an id.
 */
class AtlasOwnNetwork extends HTMLElement {
  #data!: OwnData;
  #view!: OwnView;
  #listening: AbortController | undefined;
  /** Aborted by Cancel. */
  #ending = new AbortController();
  #working = 0;
  #look: Look | null = null;
  /** Of several trials that wait the newest is made. */
  #turn = 0;
  #trying: Promise<void> = Promise.resolve();

  connectedCallback() {
    this.#data = JSON.parse(this.querySelector('script[data-own]')?.textContent ?? '{}');
    this.#view = new OwnView(this);
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    // What lies around it has controls and files of its own.
    const on = (type: string, listen: (event: Event) => void) =>
      this.addEventListener(
        type,
        (event) => {
          event.stopPropagation();
          listen(event);
        },
        { signal },
      );
    on('change', ({ target }) => this.#onChange(target as HTMLInputElement));
    on('input', () => {});
    on('click', ({ target }) => this.#onClick((target as Element).closest('button')));
    on('submit', (event) => {
      event.preventDefault();
      this.#use();
    });
    for (const type of ['dragover', 'dragleave', 'drop']) on(type, (event) => this.#onDrag(event as DragEvent));
    this.dataset.live = '';
    this.#showKept();
  }

  disconnectedCallback() {
    this.#listening?.abort();
    this.#end();
  }

  #onDrag(event: DragEvent) {
    event.preventDefault();
    this.toggleAttribute('data-over', event.type === 'dragover');
    const files = event.type === 'drop' ? [...(event.dataTransfer?.files ?? [])] : [];
    if (files.length > 0) this.#bring(files);
  }

  #onChange(field: HTMLInputElement) {
    const files = [...(field.files ?? [])];
    const look = this.#look;
    if (field.dataset.files !== undefined) {
      // The same file may be chosen again.
      field.value = '';
      if (files.length > 0) this.#bring(files);
    } else if (!look) return;
    else if (field.name === 'labels') this.#takeLabels(look, files[0] ?? null);
    else if (['height', 'width', 'output', 'layout'].includes(field.name)) this.#inspect(look, this.#said(look));
    else if (field.name === 'way') this.#choose(look, Number(field.value));
    else if (['mean', 'std', 'range', 'order'].includes(field.name)) this.#takeFields(look);
    else if (field.name === 'fit') this.#try(look);
  }

  #onClick(pressed: HTMLElement | null) {
    const { ownUse, ownForget, cancel, another, guess } = pressed?.dataset ?? {};
    const look = this.#look;
    if (cancel !== undefined) this.#cancel();
    else if (ownUse) this.#useKept(ownUse);
    else if (ownForget) this.#forget(ownForget);
    else if (look && another !== undefined) {
      look.photo = (look.photo + 1) % this.#data.photos.length;
      this.#try(look);
    } else if (look && guess !== undefined) this.#findOut(look);
  }

  /** Does something that takes time. @returns null where it failed, which is said, or was ended */
  async #work<T>(what: string, work: (asking: Asking) => Promise<T>): Promise<T | null> {
    const { signal } = this.#ending;
    this.#working++;
    this.#view.refuse(null);
    this.#view.showWork(what);
    this.#view.say(what);
    try {
      return await work({
        signal,
        onProgress: ({ done, total, what: detail }) =>
          this.#view.showWork(workText(what, detail, done, total), done, total),
      });
    } catch (error) {
      if (!signal.aborted) this.#view.refuse((error as Error).message);
      return null;
    } finally {
      if (--this.#working === 0) this.#view.showWork(null);
    }
  }

  #cancel() {
    this.#ending.abort();
    this.#ending = new AbortController();
    this.#view.say('Cancelled.');
  }

  /** Puts the file away that was looked at, and ends all work on it. */
  #end() {
    this.#ending.abort();
    this.#ending = new AbortController();
    this.#look?.stop();
    this.#look = null;
    this.#view.clear();
  }

  async #bring(files: File[]) {
    this.#end();
    const work = await this.#work('Looking at the files', async () => {
      const { labels, ...brought } = sorted(files);
      // How many labels there are tells which of several outputs has the scores.
      return { labels, brought, said: labels ? { classes: (await labelsFrom(labels)).length } : {} };
    });
    if (!work) return;
    const look = new Look(work.brought, this.#data);
    this.#look = look;
    this.#view.field('title').value = look.name.replace(/\.onnx$/i, '');
    await this.#inspect(look, work.said, work.labels);
  }

  /** What is said of the file in the fields. */
  #said({ isOpen, found }: Look): Said {
    const value = (name: string) => this.#view.field(name).value;
    const layout = value('layout') as 'NCHW' | 'NHWC' | '';
    return {
      ...(isOpen && { inputSize: Number(value('height')), inputWidth: Number(value('width')) }),
      ...(layout && { layout }),
      ...((found?.outputs.length ?? 0) > 1 && { output: value('output') }),
    };
  }

  async #inspect(look: Look, said: Said, labels: File | null = null) {
    const found = await this.#work(`Reading ${look.name}`, (asking) => look.inspect(said, asking));
    if (!found || look !== this.#look) return;
    this.#view.showFound(found, look.isOpen);
    if (found.refused !== null) {
      this.#view.refuse(`It cannot be used here: ${found.refused}`);
      return;
    }
    this.#showWay(look);
    await this.#takeLabels(look, labels);
  }

  async #takeLabels(look: Look, file: File | null) {
    const done = await this.#work('Reading labels', () => look.takeLabels(file).then(() => true));
    if (look !== this.#look || !look.names) return;
    if (!done) this.#view.field('labels').value = '';
    this.#view.get('named').textContent = namedText(look.names, look.labelFile);
    this.#view.offerGuess(look.labelled().truth.length, FEWEST_LABELLED);
    // What is wrong with a file stands there until something else is done.
    if (done) this.#try(look);
    else this.#view.showTrials(look);
  }

  #choose(look: Look, place: number) {
    look.chosen = place;
    this.#showWay(look);
    this.#view.showTrials(look);
  }

  #showWay(look: Look) {
    this.#view.showWays(look.ways, look.chosen);
  }

  #takeFields(look: Look) {
    try {
      look.take(normalisationOf(this.#view.fields(), look.found?.input?.channels ?? 'colour'));
      this.#view.refuse(null);
      this.#showWay(look);
      if (look.reads.length > look.chosen) this.#view.showTrials(look);
      else this.#try(look);
    } catch (error) {
      this.#view.refuse((error as Error).message);
    }
  }

  get #fit(): Fit {
    return this.#view.field('fit').value as Fit;
  }

  #try(look: Look) {
    const turn = ++this.#turn;
    this.#view.showTrials(look);
    this.#trying = this.#trying.then(async () => {
      if (turn !== this.#turn || look !== this.#look || !look.isUsable || this.#data.photos.length === 0) return;
      const tried = await this.#work('Trying it on a photograph', (asking) => look.try(this.#fit, asking));
      if (!tried || look !== this.#look) return;
      this.#view.showPhoto(tried.name, tried.photo);
      this.#view.showTrials(look);
      this.#view.say(`Tried on ${tried.name}.`);
    });
  }

  async #findOut(look: Look) {
    const guess = await this.#work('Finding it out', (asking) => look.findOut(this.#fit, asking));
    if (!guess || look !== this.#look) return;
    const text = whyNoGuess(look.name, guess) ?? [guessText(guess), ...guessNotes(guess)].join(' ');
    this.#view.get('sure').textContent = text;
    this.#view.say(text);
    this.#choose(look, look.chosen);
  }

  async #use() {
    const look = this.#look;
    if (!look?.isUsable) return;
    const title = this.#view.field('title').value;
    const kept = await this.#work(`Preparing ${look.name}`, (asking) => look.keep(title, this.#fit, asking));
    if (!kept) return;
    this.#end();
    await this.#showKept();
    if (kept.warning) this.#view.refuse(kept.warning);
    this.#tell(kept.network);
  }

  async #useKept(id: string) {
    const network = (await ownNetworks()).find((one) => one.id === id);
    if (network) this.#tell(network);
    else await this.#showKept();
  }

  #tell(network: OwnNetworkSummary) {
    this.#view.say(`${network.title} is chosen.`);
    const event: ChosenEvent = new CustomEvent(CHOSEN, { bubbles: true, detail: network });
    this.dispatchEvent(event);
  }

  async #forget(id: string) {
    await forget(id);
    await this.#showKept();
    this.#view.get('files').focus();
    this.#view.say('It is forgotten.');
    this.dispatchEvent(new CustomEvent<string>(FORGOTTEN, { bubbles: true, detail: id }));
  }

  async #showKept() {
    this.#view.showKept(await ownNetworks());
  }
}

if (!customElements.get('atlas-own-network')) customElements.define('atlas-own-network', AtlasOwnNetwork);
