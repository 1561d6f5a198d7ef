import type { LabData } from './protocol.ts';

/** Everything that the visitor chose; all of it is in the query string. */
export interface LabState {
  photo: string;
  model: string;
  perturbation: string;
  strength: number;
  where: 'browser' | 'edge';
}

/** Reads the state of a query string; what is missing or unknown is as `data.start` says. */
export function stateOf(query: string, data: LabData): LabState {
  const asked = new URLSearchParams(query);
  const known = (name: 'photo' | 'model' | 'perturbation', ids: { id: string }[]) => {
    const id = asked.get(name);
    return id !== null && ids.some((item) => item.id === id) ? id : data.start[name];
  };
  const strength = Number(asked.get('strength') ?? 0);
  return {
    photo: known('photo', data.photos),
    model: known('model', data.models),
    perturbation: known('perturbation', data.perturbations),
    strength: strength >= 0 && strength <= 2 ? strength : 0,
    where: asked.get('where') === 'edge' ? 'edge' : 'browser',
  };
}

/** The query string of a state, "" where nothing differs from the start. */
export function queryOf(state: LabState, data: LabData): string {
  const query = new URLSearchParams();
  for (const name of ['photo', 'model', 'perturbation'] as const) {
    if (state[name] !== data.start[name] && state[name] !== OWN_PHOTO) query.set(name, state[name]);
  }
  if (state.strength > 0) query.set('strength', String(state.strength));
  if (state.where === 'edge') query.set('where', 'edge');
  return query.size > 0 ? `?${query}` : '';
}

/** The id of a photo that the visitor brought: it stays in the page, so no address can name it. */
export const OWN_PHOTO = 'own';
