import { classifyAtEdge } from './edge.ts';
import type { LabData, Report, Task } from './protocol.ts';
import { type LabState, OWN_PHOTO, queryOf, stateOf } from './state.ts';
import { LabView } from './view.ts';

const TOP = 5;
/** A slider on the move asks the edge only once it rests for so many milliseconds. */
const EDGE_REST_MS = 150;

/**
 * `<atlas-lab>`: a photo, a perturbation, a strength, and what a network reads, computed in this browser or at the
 * edge.
 */
class AtlasLab extends HTMLElement {
  #data!: LabData;
  #state!: LabState;
  #view!: LabView;
  #worker: Worker | undefined;
  #listening: AbortController | undefined;
  #asking: AbortController | undefined;
  #resting: ReturnType<typeof setTimeout> | undefined;
  #frame = 0;
  #id = 0;
  #own: { url: string; name: string } | null = null;
  /** Whether downloads go on that the visitor waits for; the runtime is loaded once. */
  #ready = false;

  connectedCallback() {
    this.#data = JSON.parse(this.querySelector('script[data-lab]')?.textContent ?? '{}');
    this.#view = new LabView(this);
    this.#state = stateOf(location.search, this.#data);
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    this.addEventListener('input', (event) => this.#onInput(event), { signal });
    this.addEventListener('click', (event) => this.#onClick(event), { signal });
    addEventListener('popstate', () => this.#change(stateOf(location.search, this.#data), 'keep'), { signal });
    this.#worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
    this.#worker.addEventListener('message', ({ data }: MessageEvent<Report>) => this.#onReport(data), { signal });
    this.#worker.addEventListener(
      'error',
      () => this.#view.status('This browser cannot run the network. Choose the edge instead.', true),
      { signal },
    );
    this.#showState();
    this.#showKnown();
    this.#compute();
  }

  disconnectedCallback() {
    this.#listening?.abort();
    this.#asking?.abort();
    this.#worker?.terminate();
    clearTimeout(this.#resting);
    cancelAnimationFrame(this.#frame);
  }

  #onInput(event: Event) {
    const input = event.target as HTMLInputElement | HTMLSelectElement;
    if (input.name === 'strength') this.#change({ strength: Number(input.value) }, 'replace');
    else if (input.name === 'model') this.#change({ model: input.value }, 'push');
    else if (input.name === 'perturbation') this.#change({ perturbation: input.value }, 'push');
    else if (input.name === 'where') this.#change({ where: input.value as LabState['where'] }, 'push');
    else if (input.name === 'photo') this.#change({ photo: input.value }, 'push');
    else if (input.name === 'file' && input instanceof HTMLInputElement && input.files?.[0])
      this.#bring(input.files[0]);
  }

  #onClick(event: Event) {
    const preset = (event.target as Element).closest<HTMLElement>('[data-preset]');
    if (preset) this.#change({ strength: Number(preset.dataset.preset) }, 'replace');
  }

  #bring(file: File) {
    if (this.#own) URL.revokeObjectURL(this.#own.url);
    this.#own = { url: URL.createObjectURL(file), name: file.name };
    this.#change({ photo: OWN_PHOTO }, 'replace');
  }

  #change(part: Partial<LabState>, history: 'push' | 'replace' | 'keep') {
    this.#state = { ...this.#state, ...part };
    if (history !== 'keep') {
      const address = `${location.pathname}${queryOf(this.#state, this.#data)}${location.hash}`;
      if (history === 'push') window.history.pushState(null, '', address);
      else window.history.replaceState(null, '', address);
    }
    this.#showState();
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => this.#compute());
  }

  #chosen() {
    const { photo, model, perturbation } = this.#state;
    return {
      photo:
        photo === OWN_PHOTO && this.#own
          ? this.#own
          : (this.#data.photos.find(({ id }) => id === photo) ?? this.#data.photos[0]),
      model: this.#data.models.find(({ id }) => id === model) ?? this.#data.models[0],
      perturbation: this.#data.perturbations.find(({ id }) => id === perturbation) ?? this.#data.perturbations[0],
    };
  }

  #compute() {
    const { photo, model, perturbation } = this.#chosen();
    const { strength, where } = this.#state;
    const id = ++this.#id;
    this.dataset.busy = 'true';
    const task: Task = {
      id,
      photo: photo.url,
      perturbation: perturbation.npy,
      strength,
      ...{ size: this.#data.size, fit: this.#data.fit },
      top: TOP,
      model: where === 'browser' ? { url: model.url, bytes: model.bytes, labels: model.labels } : null,
    };
    this.#worker?.postMessage(task);
    this.#asking?.abort();
    clearTimeout(this.#resting);
    if (where === 'edge') this.#resting = setTimeout(() => this.#askEdge(id), EDGE_REST_MS);
  }

  async #askEdge(id: number) {
    const { photo, model, perturbation } = this.#chosen();
    this.#asking = new AbortController();
    const { signal } = this.#asking;
    this.#view.status('Asking the edge…');
    try {
      const question = {
        photo: photo.url,
        model: model.id,
        perturbation: perturbation.id,
        strength: this.#state.strength,
        top: TOP,
      };
      const answer = await classifyAtEdge(question, signal);
      if (id !== this.#id) return;
      this.#view.labels(answer.clean, answer.perturbed, this.#state.strength);
      this.#done(
        `At the edge: ${Math.round(answer.roundTrip)} ms there and back, ${Math.round(answer.inference)} ms of it in the network`,
      );
    } catch (error) {
      if (!signal.aborted && id === this.#id) this.#fail((error as Error).message);
    }
  }

  #onReport(report: Report) {
    if (report.type === 'progress') {
      if (this.#ready && report.loaded < report.total) this.#ready = false;
      this.#view.progress(report.loaded, report.total);
      if (!this.#ready && this.#state.where === 'browser') {
        this.#view.status(
          `Loading the network into this browser: ${megabytes(report.loaded)} of ${megabytes(report.total)} MB`,
        );
      }
      return;
    }
    if (report.id !== this.#id) return;
    if (report.type === 'pixels') {
      this.#view.paint('clean', report.clean, this.#data.size);
      this.#view.paint('perturbed', report.perturbed, this.#data.size);
      this.#view.get('distortion').textContent =
        report.psnr === null
          ? 'no pixel is changed'
          : `no pixel differs by more than ${report.linf} of 255; PSNR ${report.psnr.toFixed(1)} dB`;
    } else if (report.type === 'labels') {
      this.#ready = true;
      this.#view.labels(report.clean, report.perturbed, this.#state.strength);
      this.#done(`In this browser: ${Math.round(report.milliseconds)} ms`);
    } else this.#fail(report.message);
  }

  #done(text: string) {
    this.#view.status(text);
    this.#view.progress(1, 1);
    this.dataset.busy = 'false';
    this.dataset.answered = JSON.stringify(this.#state);
  }

  #fail(message: string) {
    this.#view.status(message, true);
    this.#view.progress(1, 1);
    this.dataset.busy = 'false';
  }

  /** Answers of the record stand in until the network is there: they are the same. */
  #showKnown() {
    const { photo, model, perturbation, strength } = this.#state;
    const known = this.#data.known.find(
      (k) => k.photo === photo && k.model === model && k.perturbation === perturbation,
    );
    if (known && (strength === 0 || strength === 1))
      this.#view.labels([known.clean], [strength === 1 ? known.perturbed : known.clean], strength);
  }

  #showState() {
    const { strength, where, photo: photoId } = this.#state;
    const { photo, model, perturbation } = this.#chosen();
    const slider = this.#view.get<HTMLInputElement>('strength');
    slider.value = String(strength);
    slider.setAttribute('aria-valuetext', `${strength} times the perturbation`);
    this.#view.get('strength-value').textContent = strength.toFixed(2);
    for (const preset of this.querySelectorAll<HTMLElement>('[data-preset]')) {
      preset.setAttribute('aria-pressed', String(Number(preset.dataset.preset) === strength));
    }
    this.#view.get<HTMLSelectElement>('model').value = model.id;
    this.#view.get<HTMLSelectElement>('perturbation').value = perturbation.id;
    for (const input of this.querySelectorAll<HTMLInputElement>('input[name=where]'))
      input.checked = input.value === where;
    for (const input of this.querySelectorAll<HTMLInputElement>('input[name=photo]'))
      input.checked = input.value === photoId;
    this.#view.get('reader').textContent = model.title;
    this.#view.get<HTMLImageElement>('preview').src = perturbation.preview;
    this.#view.get<HTMLAnchorElement>('plate').href = perturbation.page;
    this.#view.get('plate-name').textContent = `Plate ${perturbation.number}`;
    this.#view.get('credit').textContent =
      'credit' in photo ? `Photograph: ${photo.credit}` : `Your photograph: ${photo.name}`;
    this.#view.get('perturbed').setAttribute('aria-label', `${photo.name} with ${strength} times the perturbation`);
  }
}

const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);

if (!customElements.get('atlas-lab')) customElements.define('atlas-lab', AtlasLab);
