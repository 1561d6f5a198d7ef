/**
 * Patterns that visitors crafted and keep, in this browser's IndexedDB: the page that crafts and the lab know of them.
 */
import type { Fit } from '#shared/release';
import type { CraftMeasured } from './protocol.ts';

export interface KeptPattern {
  /** "own." and the first 8 hexadecimal digits of the SHA-256 of its values. */
  id: string;
  /** What files call it: "squeezenet1_1.house.inf10.s1". */
  name: string;
  /** The network that it was crafted on. */
  network: { id: string; title: string };
  /** "house, l-inf 10, seed 1" */
  made: string;
  /** When it was kept, ISO 8601. */
  at: string;
  canvas: number;
  fit: Fit;
  /** float32 [3,S,S] in units of 0..255. */
  v: Float32Array<ArrayBuffer>;
  record: Record<string, unknown>;
  measured: CraftMeasured[];
}

const DATABASE = 'atlas-patterns';
const STORE = 'patterns';

/** Whether that is the id of a pattern of the visitor's own, which no address of the release is. */
export const isKeptId = (id: string): boolean => /^own\.[0-9a-f]{8}$/.test(id);

/** All that are kept, the newest first; none where the browser has no place for them. */
export async function keptPatterns(): Promise<KeptPattern[]> {
  const found = await within('readonly', (store) => store.getAll() as IDBRequest<KeptPattern[]>).catch(() => []);
  return found.sort((a, b) => (a.at < b.at ? 1 : -1));
}

/** @throws DOMException where the browser refuses. */
export async function keepPattern(pattern: KeptPattern): Promise<void> {
  await within('readwrite', (store) => store.put(pattern));
}

export async function forgetPattern(id: string): Promise<void> {
  await within('readwrite', (store) => store.delete(id));
}

async function within<T>(mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const database = await open();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, mode);
      const request = work(transaction.objectStore(STORE));
      transaction.addEventListener('complete', () => resolve(request.result));
      transaction.addEventListener('abort', () => reject(transaction.error));
    });
  } finally {
    database.close();
  }
}

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.addEventListener('upgradeneeded', () => request.result.createObjectStore(STORE, { keyPath: 'id' }));
    request.addEventListener('success', () => resolve(request.result));
    request.addEventListener('error', () => reject(request.error));
    request.addEventListener('blocked', () => reject(new DOMException('Another page holds the patterns.')));
  });
}
