import { ownNetwork } from '../own-network/index.ts';
import type { Runtime } from '../runtime/index.ts';
import type { CraftData } from './data.ts';
import type { CraftNetwork, CraftOrder, CraftPhoto } from './protocol.ts';
import type { CraftState } from './state.ts';

/** A network with what has to be known of it before it is loaded. */
export interface Chosen {
  network: CraftNetwork;
  classes: number;
  canvas: number;
  fit: CraftData['fit'];
}

/** The release's network of that name; undefined for another. */
export function publishedNetwork(id: string, { models, canvas, fit }: CraftData): Chosen | undefined {
  const found = models.find((model) => model.id === id);
  if (!found) return undefined;
  const { classes, ...network } = found;
  return { network, classes, canvas, fit };
}

/** One of the visitor's own; null where this browser does not have it. */
export async function ownChosen(id: string): Promise<Chosen | null> {
  const found = await ownNetwork(id);
  if (!found) return null;
  const { title, sha256, bytes, labels, source, preprocessing, classes, preparedFor: canvas, fit } = found;
  return {
    network: { id, title, sha256, graph: { bytes }, labels, source: source.sha256, preprocessing },
    ...{ classes, canvas, fit },
  };
}

/**
 * What the visitor chose, as an order. Where pictures are drawn from the seed, the release's photos are held out.
 *
 * @param usual The epsilon that is meant where none is chosen.
 */
export function orderOf(
  state: CraftState,
  data: CraftData,
  { chosen, own, runtime, usual }: { chosen: Chosen; own: CraftPhoto[]; runtime: Runtime; usual: number },
): CraftOrder {
  const { canvas, fit, network } = chosen;
  const published = data.photos.map(({ name, url }) => ({ name, url }));
  const others = canvas === data.canvas && fit === data.fit ? data.models : [];
  return {
    network,
    others: others.filter(({ id }) => id !== network.id).map(({ classes: _, ...other }) => other),
    ...{ canvas, fit, runtime },
    photos: state.photos === 'own' ? own : published,
    synthetic: state.photos === 'synthetic' ? state.pictures : null,
    ...{ attack: state.attack, settings: state.settings },
    ...{ norm: state.norm, epsilon: state.epsilon ?? usual, seed: state.seed },
    budget: { gradients: state.gradients },
  };
}
