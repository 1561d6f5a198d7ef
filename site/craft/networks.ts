/** Networks as the worker asks them. */
import type { Compute, Pixels } from '#shared/compute';
import { argmax, changedShare, labelOf, softmax } from '#shared/metrics';
import type { Share } from '#shared/release';
import { download, reasonOf } from '../runtime/index.ts';
import type { CraftNetwork, Reading } from './protocol.ts';

/** A network that is here. */
export interface Network extends CraftNetwork {
  bytes: Uint8Array;
  names: string[];
}

/** @throws Error in words for visitors, where it cannot be loaded */
export async function loadNetwork(network: CraftNetwork): Promise<Network> {
  const { graph, labels, title } = network;
  try {
    const [bytes, names] = await Promise.all([
      'url' in graph ? download(graph.url, graph.bytes) : graph.bytes,
      Array.isArray(labels)
        ? labels
        : download(labels.url).then((text) => JSON.parse(new TextDecoder().decode(text)) as string[]),
    ]);
    return { ...network, bytes, names };
  } catch (error) {
    throw new Error(`The network ${title} could not be loaded: ${reasonOf(error)} Try again.`, { cause: error });
  }
}

/**
 * What it reads in photos, with v or as they are. As they are, "tampered with" is no answer of a hardened network: a
 * photo is fooled where what it shows is taken for something else.
 */
export async function readingsOf(
  compute: Compute,
  { sha256, bytes, names, tampered }: Network,
  { photos, indices, v, onProgress }: Asked,
): Promise<Reading[]> {
  const { logits, classes } = await compute.logits({
    program: { key: sha256, bytes },
    photos,
    items: indices.map((photo) => ({ photo, flip: false })),
    v,
    onProgress,
  });
  return indices.map((_, i) => {
    const row = logits.subarray(i * classes, (i + 1) * classes);
    const index = argmax(row, 0, v ? classes : tampered);
    return { index, label: labelOf(names, index), probability: softmax(row)[index] };
  });
}

interface Asked {
  photos: Pixels;
  indices: readonly number[];
  v: Float32Array | null;
  onProgress?: (done: number) => void;
}

/** The share that another label was found for. */
export const foolingOf = (before: readonly Reading[], after: readonly Reading[], tampered?: number): Share =>
  changedShare(
    before.map(({ index }) => index),
    after.map(({ index }) => index),
    tampered,
  );
