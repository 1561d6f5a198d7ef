/**
 * Photographs that visitors bring, in this browser's IndexedDB: the lab, the wall and the plates know of them until
 * they are forgotten. Nothing is sent.
 */
export interface KeptPhoto {
  /** As the lab calls it: "own.3". */
  id: string;
  name: string;
  /** What our codecs read. */
  blob: Blob;
  /** Why the browser had to decode it; null where our codecs do. */
  converted: string | null;
}

const DATABASE = 'atlas-photos';
const STORE = 'photos';
/** The newest are kept: photographs of phones have some megabytes. */
const MOST = 4;

const place = ({ id }: KeptPhoto) => Number(id.replace(/\D/g, ''));

/** All that are kept, the oldest first; none where the browser has no place for them. */
export async function keptPhotos(): Promise<KeptPhoto[]> {
  const found = await within('readonly', (store) => store.getAll() as IDBRequest<KeptPhoto[]>).catch(() => []);
  return found.sort((a, b) => place(a) - place(b));
}

/** Keeps a photograph, and lets go of the oldest. Where the browser refuses, it is there as long as its page is. */
export async function keepPhoto(photo: KeptPhoto): Promise<void> {
  await within('readwrite', (store) => store.put(photo)).catch(() => {});
  for (const { id } of (await keptPhotos()).slice(0, -MOST))
    await within('readwrite', (store) => store.delete(id)).catch(() => {});
}

export async function forgetPhotos(): Promise<void> {
  await within('readwrite', (store) => store.clear()).catch(() => {});
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
  });
}
