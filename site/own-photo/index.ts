/**
 * Photographs that visitors bring, in this browser's IndexedDB: the lab, the wall and the plates know of them until
 * they are forgotten. Nothing is sent.
 */
import { transactionsIn } from '../browser-store.ts';

export interface KeptPhoto {
  /** As the lab calls it: "own.3". */
  id: string;
  name: string;
  /** What our codecs read. */
  blob: Blob;
  /** Why the browser had to decode it; null where our codecs do. */
  converted: string | null;
}

const within = transactionsIn('atlas-photos', { photos: { keyPath: 'id' } });
/** The newest are kept: photographs of phones have some megabytes. */
const MOST = 4;

const place = ({ id }: KeptPhoto) => Number(id.replace(/\D/g, ''));

/** All that are kept, the oldest first; none where the browser has no place for them. */
export async function keptPhotos(): Promise<KeptPhoto[]> {
  const found = await within('readonly', ({ photos }) => photos.getAll() as IDBRequest<KeptPhoto[]>).catch(() => []);
  return found.sort((a, b) => place(a) - place(b));
}

/** Keeps a photograph, and lets go of the oldest. Where the browser refuses, it is there as long as its page is. */
export async function keepPhoto(photo: KeptPhoto): Promise<void> {
  await within('readwrite', ({ photos }) => photos.put(photo)).catch(() => {});
  for (const { id } of (await keptPhotos()).slice(0, -MOST))
    await within('readwrite', ({ photos }) => photos.delete(id)).catch(() => {});
}

export async function forgetPhotos(): Promise<void> {
  await within('readwrite', ({ photos }) => photos.clear()).catch(() => {});
}
