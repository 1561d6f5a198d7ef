/**
 * Networks that visitors bring, an .onnx file each. Everything is done in this browser and kept there: nothing is sent.
 */
import type { OwnNetwork, OwnNetworkSummary } from './network.ts';
import { entries, entryOf, fileOf, remove } from './store.ts';

export { isOwnNetwork, type OwnNetwork, type OwnNetworkSummary } from './network.ts';

/** Dispatched by `<atlas-own-network>`, and bubbles: the visitor has chosen a network, which is kept by now. */
export const CHOSEN = 'atlas-own-network';
export type ChosenEvent = CustomEvent<OwnNetworkSummary>;

/** All that the visitor has brought, by title. */
export async function ownNetworks(): Promise<OwnNetworkSummary[]> {
  return (await entries()).map(({ entry: { labels: _, ...entry }, isKept }) => ({ ...entry, isKept }));
}

/**
 * A network ready to be run, prepared for a canvas of `canvas` pixels a side, its own when left out.
 * @returns null where this browser does not have it
 */
export async function ownNetwork(id: string, canvas?: number): Promise<OwnNetwork | null> {
  const found = await entryOf(id);
  if (!found) return null;
  const preparedFor = canvas ?? found.entry.canvas;
  const blob = await fileOf(id, preparedFor);
  if (!blob) return null;
  return { ...found.entry, isKept: found.isKept, preparedFor, bytes: new Uint8Array(await blob.arrayBuffer()) };
}

/** Takes a network and its files out of this browser. */
export const forget = (id: string): Promise<void> => remove(id);
