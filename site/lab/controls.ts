/** The controls of the lab, as the visitor has set them, and what stands beside them. */
import { isOwnNetwork } from '../own-network/network.ts';
import type { LabData } from './data.ts';
import { CAMERA } from './mirror.ts';
import type { OwnPhoto } from './own-photo.ts';
import type { OwnPhotos } from './own-photos.ts';
import { isOwnPhoto, type LabState } from './state.ts';
import type { LabView, Names } from './view.ts';

/** Of the slider, where a network reads whatever it is asked. */
const FINE = 0.05;

/** What is known of a network besides its title. */
export interface AboutNetwork {
  /** It is in this browser, which then reads any strength at once. */
  isLoaded(model: string): boolean;
  /** What stands below its name. */
  noteOf(model: string): string;
}

export class Controls {
  readonly #view: LabView;
  readonly #root: HTMLElement;
  readonly #data: LabData;
  readonly #own: OwnPhotos;
  readonly #about: AboutNetwork;
  /** Of the photo that is shown. */
  #photo = '';

  constructor(view: LabView, root: HTMLElement, data: LabData, own: OwnPhotos, about: AboutNetwork) {
    this.#view = view;
    this.#root = root;
    this.#data = data;
    this.#own = own;
    this.#about = about;
  }

  readonly namesOf = (question: LabState): Names => {
    const { photo, model, perturbation } = this.#chosen(question);
    const name = question.photo === CAMERA ? 'What the camera sees' : photo.name;
    return { photo: name, model: model.title, plate: plateName(perturbation) };
  };

  /** Patterns of the visitor's own, behind those of the release. */
  showOwnPatterns(own: LabData['perturbations']): void {
    const group = this.#view.get<HTMLOptGroupElement>('own-patterns');
    group.replaceChildren(...own.map(({ id, name }) => new Option(name, id)));
    group.hidden = own.length === 0;
  }

  show(state: LabState): void {
    const { strength, where } = state;
    const { model, perturbation } = this.#chosen(state);
    const slider = this.#view.get<HTMLInputElement>('strength');
    const { stop } = this.#data;
    const isMeasured = where === 'release' && !isOwnPhoto(state.photo) && strength % stop === 0;
    slider.step = String(isMeasured && !this.#about.isLoaded(model.id) ? stop : FINE);
    slider.value = String(strength);
    slider.setAttribute('aria-valuetext', `${strength} times the pattern`);
    this.#view.get('strength-value').textContent = strength.toFixed(2);
    for (const preset of this.#root.querySelectorAll<HTMLElement>('[data-preset]'))
      preset.setAttribute('aria-pressed', String(Number(preset.dataset.preset) === strength));
    this.#view.get<HTMLSelectElement>('model').value = model.id;
    this.#view.get<HTMLSelectElement>('perturbation').value = perturbation.id;
    this.#check('where', where);
    const isOwn = isOwnNetwork(model.id);
    for (const input of this.#root.querySelectorAll<HTMLInputElement>('input[name=where]'))
      input.disabled = isOwn && input.value !== 'browser';
    this.#view.get('network-note').textContent = this.#about.noteOf(model.id);
    this.#view.get<HTMLImageElement>('preview').src = perturbation.preview;
    this.#view.get<HTMLAnchorElement>('plate').href = perturbation.page;
    this.#view.get('plate-name').textContent = plateName(perturbation).replace(/^./, (first) => first.toUpperCase());
    this.#showPhoto(state);
  }

  /** In place of a photograph stands what the camera sees: nobody is credited for it. */
  showCamera(): void {
    this.#photo = CAMERA;
    this.#view.get('resists').hidden = true;
    this.#view.get('kept').hidden = true;
    this.#view.get('converted').textContent = '';
    this.#view.get('credit').textContent = 'What your camera sees.';
    this.#check('photo', CAMERA);
  }

  #showPhoto(state: LabState) {
    const { photo } = this.#chosen(state);
    this.#photo = state.photo;
    this.#view.get('resists').hidden = !('resists' in photo && photo.resists);
    this.#view.get('converted').textContent = '';
    this.#view.get('kept').hidden = 'credit' in photo;
    if ('credit' in photo) {
      this.#view.get('credit').textContent = `Photograph: ${photo.credit}.`;
      this.#addTile(photo.id, photo);
    } else {
      const stays =
        state.where === 'edge' ? 'It is sent to the edge, read, and not kept.' : 'It stays in this browser.';
      this.#view.get('credit').textContent = `Your photograph: ${photo.name}. ${stays}`;
      // Why a file is none that can be read is told where the answer would be.
      photo.read.then(
        (own) => this.showOwnPhoto(state.photo, own),
        () => {},
      );
    }
    this.#check('photo', state.photo);
  }

  /** A tile, and beside the result where the pixels are not those that our decoders would give. */
  showOwnPhoto(id: string, { url, name, converted }: OwnPhoto) {
    this.#addTile(id, { url, name });
    this.#check('photo', this.#photo);
    if (id !== this.#photo || converted === null) return;
    this.#view.get('converted').textContent =
      `The file ${converted}: this browser read it and made it smaller, and another may give slightly other pixels.`;
  }

  removePhoto(id: string) {
    this.#root
      .querySelector(`input[name=photo][value="${CSS.escape(id)}"]`)
      ?.closest('label')
      ?.remove();
  }

  /** A photo that is not in the strip gets a tile there: one that was brought, or one that an address names. */
  #addTile(id: string, { url, name }: { url: string; name: string }) {
    if (this.#root.querySelector(`input[name=photo][value="${CSS.escape(id)}"]`)) return;
    const tile = document.createElement('label');
    tile.title = name;
    const input = Object.assign(document.createElement('input'), { type: 'radio', name: 'photo', value: id });
    input.className = 'visually-hidden';
    tile.append(input, Object.assign(new Image(56, 56), { src: url, alt: name }));
    this.#root.querySelector('.strip .own')?.before(tile);
  }

  #check(name: string, value: string) {
    for (const input of this.#root.querySelectorAll<HTMLInputElement>(`input[name=${name}]`))
      input.checked = input.value === value;
  }

  #chosen({ photo, model, perturbation }: LabState) {
    const { photos, models, perturbations } = this.#data;
    return {
      photo: this.#own.get(photo) ?? photos.find(({ id }) => id === photo) ?? photos[0],
      model: models.find(({ id }) => id === model) ?? models[0],
      perturbation: perturbations.find(({ id }) => id === perturbation) ?? perturbations[0],
    };
  }
}

export const plateName = ({ number }: LabData['perturbations'][number]) =>
  number > 0 ? `plate ${number}` : 'your pattern';
