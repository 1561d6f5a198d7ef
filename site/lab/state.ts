import { isOwnNetwork } from '../own-network/network.ts';
import type { LabData } from './data.ts';

/** Who answers: the release's own measurements where it has them, a network in this browser, or the edge. */
export const places = ['release', 'browser', 'edge'] as const;
export type Where = (typeof places)[number];

/** Everything that the visitor chose, which is the question that the lab answers; all of it is in the query string. */
export interface LabState {
  photo: string;
  model: string;
  perturbation: string;
  strength: number;
  where: Where;
}

/** The strongest that the slider and the API go. */
const strongest = 2;

/** The id of the nth photo that the visitor brought: it stays in the page, so no address can name it. */
export const ownPhoto = (n: number) => `own.${n}`;
export const isOwnPhoto = (id: string) => /^own\.\d+$/.test(id);

/**
 * Reads the state of a query string; what is missing or unknown is as `data.start` says, and a strength beyond the
 * slider is at its end.
 */
export function stateOf(query: string, data: LabData): LabState {
  const asked = new URLSearchParams(query);
  const known = (name: 'photo' | 'model' | 'perturbation', ids: { id: string }[]) => {
    const id = asked.get(name);
    return id !== null && ids.some((item) => item.id === id) ? id : data.start[name];
  };
  const text = asked.get('strength')?.trim();
  const strength = text ? Number(text) : Number.NaN;
  const model = known('model', data.models);
  return {
    photo: known('photo', data.photos),
    model,
    perturbation: known('perturbation', data.perturbations),
    strength: Number.isNaN(strength) ? data.start.strength : Math.min(Math.max(strength, 0), strongest),
    where: isOwnNetwork(model) ? 'browser' : (places.find((place) => place === asked.get('where')) ?? 'release'),
  };
}

/** The state after a change. A network that the visitor brought is in this browser alone, and so it reads there. */
export function changed(state: LabState, part: Partial<LabState>): LabState {
  const next = { ...state, ...part };
  if (isOwnNetwork(next.model)) return { ...next, where: 'browser' };
  return isOwnNetwork(state.model) && part.where === undefined ? { ...next, where: 'release' } : next;
}

/** The same question to another network, where that can answer it. */
export const askedOf = (state: LabState, model: string): LabState => changed(state, { model });

/** The query string of a state, "" where nothing differs from the start. */
export function queryOf(state: LabState, data: LabData): string {
  const query = new URLSearchParams();
  for (const name of ['photo', 'model', 'perturbation'] as const) {
    if (state[name] !== data.start[name] && !(name === 'photo' && isOwnPhoto(state.photo)))
      query.set(name, state[name]);
  }
  if (state.strength !== data.start.strength) query.set('strength', String(state.strength));
  if (state.where !== 'release' && !isOwnNetwork(state.model)) query.set('where', state.where);
  return query.size > 0 ? `?${query}` : '';
}
