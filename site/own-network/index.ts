/**
 * Networks that visitors bring, an .onnx file each. Everything is done in this browser and kept there: nothing is sent.
 */
import { GraphFile } from './graph-file.ts';
import type { Entry, OwnNetwork, OwnNetworkSummary } from './network.ts';
import { entries, entryOf, fileOf, keepPrepared, remove } from './store.ts';

export type { OwnNetwork, OwnNetworkSummary } from './network.ts';

/** Dispatched by `<atlas-own-network>`, and bubbles: the visitor has chosen a network, which is kept by now. */
export const CHOSEN = 'atlas-own-network';
export type ChosenEvent = CustomEvent<OwnNetworkSummary>;
/** Dispatched by it with the id of a network that the visitor has taken out of the browser. */
export const FORGOTTEN = 'atlas-own-network-forgotten';

/** All that the visitor has brought, by title. */
export async function ownNetworks(): Promise<OwnNetworkSummary[]> {
  return (await entries()).map(({ entry: { labels: _, ...entry }, isKept }) => ({ ...entry, isKept }));
}

/**
 * A network ready to be run, prepared for a canvas of `canvas` pixels a side, its own when left out.
 * @returns null where this browser does not have it
 * @throws UsageError where it cannot be prepared for that canvas; AbortError when ended
 */
export async function ownNetwork(id: string, canvas?: number, signal?: AbortSignal): Promise<OwnNetwork | null> {
  const found = await entryOf(id);
  if (!found) return null;
  const { entry, isKept } = found;
  const preparedFor = canvas ?? entry.canvas;
  const blob = (await fileOf(id, preparedFor)) ?? (await prepared(entry, preparedFor, signal));
  return blob && { ...entry, isKept, preparedFor, bytes: new Uint8Array(await blob.arrayBuffer()) };
}

/** Prepares a network for one more canvas, and keeps that. */
async function prepared(entry: Entry, canvas: number, signal?: AbortSignal): Promise<Blob | null> {
  const source = await fileOf(entry.id, 'source');
  if (!source) return null;
  const graph = new GraphFile({ model: new File([source], entry.source.name), others: [] });
  try {
    const { preprocessing, output, classes } = entry;
    const { bytes } = await graph.ask(
      'prepare',
      { preparation: { ...preprocessing, output, classes }, canvas },
      { signal },
    );
    const blob = new Blob([bytes]);
    await keepPrepared(entry.id, canvas, blob);
    return blob;
  } finally {
    graph.stop();
  }
}

/** Takes a network and its files out of this browser. */
export const forget = (id: string): Promise<void> => remove(id);
