/** What a page keeps in this browser's IndexedDB: one database for each kind of thing, with its stores. */

/**
 * A database, made when it is first opened.
 * @param stores How each store is made, by name.
 * @returns A function that does one transaction on all of its stores. It gives what the last request of it found, once
 * all of it is written, and throws a DOMException where the browser refuses.
 */
export function transactionsIn<Name extends string>(
  database: string,
  stores: Record<Name, IDBObjectStoreParameters>,
): <T>(mode: IDBTransactionMode, work: (stores: Record<Name, IDBObjectStore>) => IDBRequest<T>) => Promise<T> {
  const names = Object.keys(stores) as Name[];
  return async (mode, work) => {
    const opened = await open(database, stores);
    try {
      return await new Promise((resolve, reject) => {
        const transaction = opened.transaction(names, mode);
        const found = names.map((name) => [name, transaction.objectStore(name)]);
        const request = work(Object.fromEntries(found) as Record<Name, IDBObjectStore>);
        transaction.addEventListener('complete', () => resolve(request.result));
        transaction.addEventListener('abort', () => reject(transaction.error));
      });
    } finally {
      opened.close();
    }
  };
}

function open(database: string, stores: Record<string, IDBObjectStoreParameters>): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(database, 1);
    request.addEventListener('upgradeneeded', () => {
      for (const [name, how] of Object.entries(stores)) request.result.createObjectStore(name, how);
    });
    request.addEventListener('success', () => resolve(request.result));
    request.addEventListener('error', () => reject(request.error));
    request.addEventListener('blocked', () => reject(new DOMException(`Another page holds ${database}.`)));
  });
}
