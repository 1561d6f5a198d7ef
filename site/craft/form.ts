/** The controls, as the visitor has set them. */
import { type Runtime, runtimeName, runtimeTitle } from '../runtime/index.ts';
import type { CraftData } from './data.ts';
import { make, named, tell } from './dom.ts';
import { settingFields } from './settings.ts';
import { attackOf, type CraftState, epsilonText, settingOf } from './state.ts';

/** The budget that is typed and not chosen. */
const TYPED = 'own';

export class Form {
  readonly #root: HTMLElement;
  readonly #data: CraftData;
  /** Of the attack whose settings are there. */
  #attack = '';

  constructor(root: HTMLElement, data: CraftData) {
    this.#root = root;
    this.#data = data;
    this.#field('folder').webkitdirectory = true;
  }

  /** @param usual The epsilon where none is chosen. */
  show(state: CraftState, usual: number): void {
    const attack = attackOf(this.#data, state.attack);
    this.#value('network', state.network);
    this.#value('attack', state.attack);
    tell(this.#root, 'summary', attack.summary);
    tell(this.#root, 'paper', attack.paper ?? '');
    if (attack.name !== this.#attack) {
      this.#attack = attack.name;
      named(this.#root, 'settings').replaceChildren(...settingFields(attack, state.settings));
    }
    const changed = Object.keys(state.settings).length;
    tell(this.#root, 'settings-changed', changed === 0 ? '' : `${changed} changed`);
    this.#check('norm', state.norm);
    this.#check('photos', state.photos);
    for (const part of this.#root.querySelectorAll<HTMLElement>('[data-of]'))
      part.hidden = part.dataset.of !== state.photos;
    this.#value('epsilon', state.epsilon === null ? '' : String(state.epsilon));
    this.#field('epsilon').placeholder = String(usual);
    tell(this.#root, 'epsilon-says', epsilonText(state, usual));
    this.#value('seed', String(state.seed));
    this.#value('pictures', String(state.pictures));
    this.#showBudget(state.gradients);
  }

  #showBudget(gradients: number) {
    const select = named<HTMLSelectElement>(this.#root, 'budget');
    const isListed = [...select.options].some(({ value }) => value === String(gradients));
    const typed = this.#field('gradients');
    // Where a number is being typed it stays so, even if it passes through one that is listed.
    const isTyping = document.activeElement === typed || (select.value === TYPED && document.activeElement === select);
    if (!isTyping) select.value = isListed ? String(gradients) : TYPED;
    typed.hidden = select.value !== TYPED;
    if (document.activeElement !== typed) typed.value = String(gradients);
  }

  /** What this browser can run networks with; the first is what is best. */
  showRuntimes(runtimes: readonly Runtime[]): void {
    const select = named<HTMLSelectElement>(this.#root, 'runtime');
    const options = runtimes.map((runtime) =>
      make('option', { value: runtimeName(runtime), textContent: runtimeTitle(runtime) }),
    );
    select.replaceChildren(...options);
  }

  /** The visitor's own networks, behind those of the release. */
  showNetworks(own: readonly { id: string; title: string }[]): void {
    const group = named<HTMLOptGroupElement>(this.#root, 'own-networks');
    const options = own.map(({ id, title }) => make('option', { value: id, textContent: title }));
    group.replaceChildren(...options);
    group.hidden = own.length === 0;
  }

  get runtime(): string {
    return named<HTMLSelectElement>(this.#root, 'runtime').value;
  }

  /** What a control that has changed says; null for one that says nothing of a state. */
  changeOf({ name, value }: HTMLInputElement | HTMLSelectElement, state: CraftState): Partial<CraftState> | null {
    const number = (text: string) => (text.trim() === '' ? Number.NaN : Number(text));
    if (name === 'network') return { network: value };
    if (name === 'attack') return { attack: value, settings: {} };
    if (name === 'norm') return { norm: value === '2' ? '2' : 'inf', epsilon: null };
    if (name === 'photos') return { photos: value as CraftState['photos'] };
    if (name === 'epsilon') return { epsilon: value.trim() === '' ? null : number(value) };
    if (name === 'seed') return { seed: number(value) };
    if (name === 'pictures') return { pictures: number(value) };
    if (name === 'gradients') return { gradients: number(value) };
    if (name === 'budget') return value === TYPED ? {} : { gradients: Number(value) };
    if (!name.startsWith('set.')) return null;
    const setting = attackOf(this.#data, state.attack).settings.find((one) => `set.${one.name}` === name);
    if (!setting) return null;
    const { [setting.name]: _, ...settings } = state.settings;
    const chosen = settingOf(setting, value);
    return { settings: chosen === undefined ? settings : { ...settings, [setting.name]: chosen } };
  }

  #field = (name: string) => this.#root.querySelector<HTMLInputElement>(`[name="${name}"]`) as HTMLInputElement;

  /** A field that is being typed into is left alone. */
  #value(name: string, value: string) {
    const field = this.#field(name);
    if (field.value !== value && document.activeElement !== field) field.value = value;
  }

  #check(name: string, value: string) {
    for (const input of this.#root.querySelectorAll<HTMLInputElement>(`input[name=${name}]`))
      input.checked = input.value === value;
  }
}
