import type { Norm } from '#shared/release';
import type { AttackData, CraftData, SettingData } from './data.ts';

/** Which photos a craft has: those of the release, the visitor's own, or pictures that are drawn from the seed. */
export const photoKinds = ['release', 'own', 'synthetic'] as const;
export type PhotoKind = (typeof photoKinds)[number];

export type Settings = Record<string, string | number | boolean>;

/** Everything that the visitor chose. All of it is in the query string, so that a craft can be shared and repeated. */
export interface CraftState {
  network: string;
  attack: string;
  /** What differs from the attack's defaults. */
  settings: Settings;
  norm: Norm;
  /** In units of 0..255; null: what is usual under the norm. */
  epsilon: number | null;
  seed: number;
  /** Gradients that it may take. */
  gradients: number;
  photos: PhotoKind;
  /** How many pictures are drawn, where they are. */
  pictures: number;
}

/** About a minute of a laptop's processor on a small network. */
export const usualGradients = 500;
export const usualPictures = 120;

/**
 * Reads the state of a query string; what is missing, unknown or no number is as at the start.
 * @param own Ids of the visitor's own networks.
 */
export function craftStateOf(query: string, data: CraftData, own: readonly string[] = []): CraftState {
  const asked = new URLSearchParams(query);
  const attack = data.attacks.find(({ name }) => name === asked.get('attack'))?.name ?? data.start.attack;
  const networks = [...data.models.map(({ id }) => id), ...own];
  return {
    network: networks.find((id) => id === asked.get('network')) ?? data.start.network,
    attack,
    settings: settingsIn(asked, attackOf(data, attack)),
    norm: asked.get('norm') === '2' ? '2' : 'inf',
    epsilon: numberIn(asked, 'epsilon'),
    seed: numberIn(asked, 'seed') ?? 1,
    gradients: numberIn(asked, 'budget') ?? usualGradients,
    photos: photoKinds.find((kind) => kind === asked.get('photos')) ?? firstPhotos(data),
    pictures: numberIn(asked, 'pictures') ?? usualPictures,
  };
}

/** The query string of a state, "" where nothing differs from the start. */
export function craftQueryOf(state: CraftState, data: CraftData): string {
  const query = new URLSearchParams();
  const set = (name: string, value: string | number | null, usual: string | number | null) => {
    if (value !== null && value !== usual) query.set(name, String(value));
  };
  set('network', state.network, data.start.network);
  set('attack', state.attack, data.start.attack);
  set('norm', state.norm, 'inf');
  set('epsilon', state.epsilon, null);
  set('seed', state.seed, 1);
  set('budget', state.gradients, usualGradients);
  set('photos', state.photos, firstPhotos(data));
  if (state.photos === 'synthetic') set('pictures', state.pictures, usualPictures);
  for (const [name, value] of Object.entries(state.settings)) query.set(`set.${name}`, String(value));
  return query.size > 0 ? `?${query}` : '';
}

/** The attack of that name, which the data has. */
export const attackOf = (data: CraftData, name: string): AttackData =>
  data.attacks.find((attack) => attack.name === name) ?? data.attacks[0];

/**
 * What a field holds as the value of a setting; undefined where that is its default, or nothing. What is no number is
 * handed on as it was typed, for the check to say so.
 */
export function settingOf({ kind, default: usual }: SettingData, text: string): Settings[string] | undefined {
  const typed = text.trim();
  if (typed === '') return undefined;
  const isNumber = kind === 'number' || kind === 'whole';
  const value = kind === 'flag' ? typed === 'true' : isNumber && Number.isFinite(Number(typed)) ? Number(typed) : typed;
  return value === usual ? undefined : value;
}

/** What a bound means, in words. `usual` is the epsilon where none is chosen, in units of 0..255. */
export function epsilonText({ norm, epsilon }: CraftState, usual: number): string {
  const value = epsilon ?? usual;
  if (!Number.isFinite(value)) return 'in units of 0 to 255';
  return norm === 'inf'
    ? `no value of red, green or blue changes by more than ${value} of 255`
    : `the root of the sum of all squared changes is at most ${value}`;
}

/** A release need not publish photos. */
const firstPhotos = ({ photos }: CraftData): PhotoKind => (photos.length > 0 ? 'release' : 'synthetic');

function settingsIn(asked: URLSearchParams, { settings }: AttackData): Settings {
  const found: Settings = {};
  for (const setting of settings) {
    const value = settingOf(setting, asked.get(`set.${setting.name}`) ?? '');
    if (value !== undefined) found[setting.name] = value;
  }
  return found;
}

function numberIn(asked: URLSearchParams, name: string): number | null {
  const text = asked.get(name)?.trim();
  return text && Number.isFinite(Number(text)) ? Number(text) : null;
}
