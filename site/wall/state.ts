import type { WallData } from './data.ts';

/** What the visitor chose on the wall; all of it is in the query string. */
export interface WallState {
  model: string;
  perturbation: string;
  /** 0 is the photographs as they are, 1 the whole pattern: what was measured. */
  strength: number;
}

/** Reads the state of a query string; what is missing or unknown is as at the start. */
export function wallStateOf(query: string, { models, perturbations, start }: WallData): WallState {
  const asked = new URLSearchParams(query);
  const known = (list: readonly { id: string }[], name: 'model' | 'perturbation') =>
    list.find(({ id }) => id === asked.get(name))?.id ?? start[name];
  return {
    model: known(models, 'model'),
    perturbation: known(perturbations, 'perturbation'),
    strength: asked.get('strength') === '1' ? 1 : 0,
  };
}

/** The query string of a state, "" at the start. */
export function wallQueryOf({ model, perturbation, strength }: WallState, { start }: WallData): string {
  const query = new URLSearchParams();
  if (model !== start.model) query.set('model', model);
  if (perturbation !== start.perturbation) query.set('perturbation', perturbation);
  if (strength === 1) query.set('strength', '1');
  return query.size > 0 ? `?${query}` : '';
}

/** Where a tile leads: the same photo, network and pattern in the lab. */
export const labAddress = (photo: string, { model, perturbation }: WallState) =>
  `/?${new URLSearchParams({ photo, model, perturbation, strength: '1' })}`;
