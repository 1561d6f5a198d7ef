/**
 * Patterns that visitors crafted and keep, in this browser's IndexedDB: the page that crafts and the lab know of them.
 */
import type { Fit } from '#shared/release';
import { transactionsIn } from '../browser-store.ts';
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

const within = transactionsIn('atlas-patterns', { patterns: { keyPath: 'id' } });

/** Whether that is the id of a pattern of the visitor's own, which no address of the release is. */
export const isKeptId = (id: string): boolean => /^own\.[0-9a-f]{8}$/.test(id);

/** All that are kept, the newest first; none where the browser has no place for them. */
export async function keptPatterns(): Promise<KeptPattern[]> {
  const found = await within('readonly', ({ patterns }) => patterns.getAll() as IDBRequest<KeptPattern[]>).catch(
    () => [],
  );
  return found.sort((a, b) => (a.at < b.at ? 1 : -1));
}

/** @throws DOMException where the browser refuses. */
export async function keepPattern(pattern: KeptPattern): Promise<void> {
  await within('readwrite', ({ patterns }) => patterns.put(pattern));
}

export async function forgetPattern(id: string): Promise<void> {
  await within('readwrite', ({ patterns }) => patterns.delete(id));
}
