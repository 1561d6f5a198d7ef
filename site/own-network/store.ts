/**
 * Where the visitor's networks are kept: in this browser's IndexedDB, or, where it has none for us, in the page until
 * it is left. A network is an entry and its files: what was brought, as one file, and what was prepared of it.
 */
import { transactionsIn } from '../browser-store.ts';
import type { Entry } from './network.ts';

const within = transactionsIn('atlas-own-networks', { entries: { keyPath: 'id' }, files: {} });

/** Networks that the browser would not keep, with their files. */
const unkept = new Map<string, { entry: Entry; files: Map<string, Blob> }>();

const keyOf = (id: string, canvas: number | 'source') => `${id} ${canvas}`;
/** All files of a network, in the order of keys. */
const filesOf = (id: string) => IDBKeyRange.bound(`${id} `, `${id} \uffff`);

/** All networks, by title; kept ones and those of this page. */
export async function entries(): Promise<{ entry: Entry; isKept: boolean }[]> {
  const kept = await within('readonly', ({ entries }) => entries.getAll() as IDBRequest<Entry[]>).catch(() => []);
  return [
    ...kept.map((entry) => ({ entry, isKept: true })),
    ...[...unkept.values()].map(({ entry }) => ({ entry, isKept: false })),
  ].sort((a, b) => (a.entry.title < b.entry.title ? -1 : 1));
}

/** One of them; null where this browser does not have it. */
export async function entryOf(id: string): Promise<{ entry: Entry; isKept: boolean } | null> {
  return (await entries()).find(({ entry }) => entry.id === id) ?? null;
}

/** A file of a network: what was brought, or what is prepared for a canvas; null where there is none. */
export async function fileOf(id: string, canvas: number | 'source'): Promise<Blob | null> {
  const here = unkept.get(id)?.files.get(keyOf(id, canvas));
  if (here) return here;
  const kept = await within('readonly', ({ files }) => files.get(keyOf(id, canvas))).catch(() => undefined);
  return (kept as Blob | undefined) ?? null;
}

/**
 * Keeps a network with its files in place of one of the same id, or holds it for this page where the browser refuses.
 * @returns why the browser refuses; null where it keeps it
 */
export async function keep(
  entry: Entry,
  { source, prepared }: { source: Blob; prepared: Blob },
): Promise<DOMException | null> {
  unkept.delete(entry.id);
  try {
    await within('readwrite', ({ entries, files }) => {
      entries.put(entry);
      files.put(source, keyOf(entry.id, 'source'));
      return files.put(prepared, keyOf(entry.id, entry.canvas));
    });
    return null;
  } catch (error) {
    const files = new Map([
      [keyOf(entry.id, 'source'), source],
      [keyOf(entry.id, entry.canvas), prepared],
    ]);
    unkept.set(entry.id, { entry, files });
    return error instanceof DOMException ? error : new DOMException(String(error));
  }
}

/** Keeps what was prepared of a network for one more canvas, where there is room. */
export async function keepPrepared(id: string, canvas: number, bytes: Blob): Promise<void> {
  const here = unkept.get(id);
  if (here) here.files.set(keyOf(id, canvas), bytes);
  // It can be prepared again.
  else await within('readwrite', ({ files }) => files.put(bytes, keyOf(id, canvas))).catch(() => {});
}

/** Forgets a network and its files. */
export async function remove(id: string): Promise<void> {
  if (unkept.delete(id)) return;
  await within('readwrite', ({ entries, files }) => {
    entries.delete(id);
    return files.delete(filesOf(id));
  });
}
