/** A network that the visitor has said all of becomes one that is kept. */
import type { Fit, Preprocessing } from '#shared/release';
import type { GraphFile } from './graph-file.ts';
import type { Entry, OwnNetworkSummary } from './network.ts';
import type { Names } from './proposal.ts';
import type { Found } from './protocol.ts';
import { keep } from './store.ts';
import type { Asking } from './thread.ts';
import { notKept } from './words.ts';

interface Said {
  file: GraphFile;
  found: Found;
  names: Names;
  title: string;
  preprocessing: Preprocessing;
  canvas: number;
  fit: Fit;
}

export interface Kept {
  network: OwnNetworkSummary;
  /** Why the browser does not keep it; null where it does. */
  warning: string | null;
}

/**
 * Prepares it for its own canvas and keeps it, or holds it for this page where the browser does not keep it, which
 * `warning` says then.
 * @throws UsageError in the words of the command line where it cannot be prepared so
 */
export async function keepNetwork(
  { file, found, names, title, preprocessing, canvas, fit }: Said,
  asking: Asking,
): Promise<Kept> {
  const classes = names.labels.length;
  const preparation = { ...preprocessing, output: found.output, classes };
  const prepared = await file.ask('prepare', { preparation, canvas }, asking);
  const { blob, sha256 } = await file.ask('whole', {}, asking);
  const entry: Entry = {
    ...{ id: `own.${prepared.sha256.slice(0, 8)}`, title, sha256: prepared.sha256, classes, canvas, fit },
    preprocessing,
    ...(prepared.output !== undefined && { output: prepared.output }),
    named: names.named,
    notCraftable: found.notCraftable,
    source: { name: file.brought.model.name, sha256, bytes: blob.size },
    labels: names.labels.map(({ label }) => label),
  };
  const refused = await keep(entry, { source: blob, prepared: new Blob([prepared.bytes]) });
  const { labels: _, ...network } = entry;
  return {
    network: { ...network, isKept: refused === null },
    warning: refused && notKept(title, refused, blob.size + prepared.bytes.byteLength),
  };
}
