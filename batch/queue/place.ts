/** Where machines share files: a folder that all of them see, or a bucket, under a prefix of it or the whole of it. */
import { hash, randomBytes } from 'node:crypto';
import { link, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { UsageError } from '#shared/errors';
import { readStart } from '../files/index.ts';
import { openBucket } from '../publish/index.ts';

export interface Place {
  /** For people. */
  readonly name: string;
  /** A file, or null where there is none; of a longer one no more than `most` bytes. */
  read(key: string, most: number, signal?: AbortSignal): Promise<Uint8Array | null>;
  has(key: string, signal?: AbortSignal): Promise<boolean>;
  /** Writes a file that is never changed; one that is there stays as it is, and the answer is 'exists'. */
  add(key: string, bytes: Uint8Array, signal?: AbortSignal): Promise<'written' | 'exists'>;
  /** Writes a file in place of whatever is there. */
  replace(key: string, bytes: Uint8Array, signal?: AbortSignal): Promise<void>;
  /** Removes a file; one that is not there is removed already. */
  remove(key: string, signal?: AbortSignal): Promise<void>;
  /** What keys end with that begin so. */
  list(prefix: string, signal?: AbortSignal): Promise<string[]>;
}

/**
 * Opens a place. Nothing is asked of it yet.
 * @param address `s3://<bucket>/<prefix>`, the http(s) address of a bucket, or a folder.
 * @throws UsageError for an address that is none of these, and where a bucket's credentials are missing.
 */
export function openPlace(address: string, env: NodeJS.ProcessEnv = process.env): Place {
  if (/^s3:/i.test(address) || /^https?:/i.test(address)) return bucketPlace(address, env);
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(address)) {
    throw new UsageError(
      `"${address}" is no store of outputs. Give s3://<bucket>/<prefix>, or a folder that all machines see.`,
    );
  }
  return folderPlace(resolve(address));
}

function bucketPlace(address: string, env: NodeJS.ProcessEnv): Place {
  const short = /^(s3:\/\/[^/]+)\/(.*)$/i.exec(address);
  const prefix = (short?.[2] ?? '').replace(/\/+$/, '');
  const at = (key: string) => (prefix === '' ? key : `${prefix}/${key}`);
  const bucket = openBucket(short?.[1] ?? address, env);
  const put = (key: string, bytes: Uint8Array, ifAbsent: boolean, signal?: AbortSignal) =>
    bucket.put(
      at(key),
      bytes,
      {
        ...{ sha256: hash('sha256', bytes), mediaType: 'application/octet-stream' },
        ...{ cacheControl: 'no-store', ifAbsent },
      },
      signal,
    );
  return {
    name: prefix === '' ? bucket.name : `${bucket.name}, under ${prefix}`,
    read: (key, most, signal) => bucket.read(at(key), signal, most),
    has: async (key, signal) => (await bucket.head(at(key), signal)) !== null,
    add: (key, bytes, signal) => put(key, bytes, true, signal),
    async replace(key, bytes, signal) {
      await put(key, bytes, false, signal);
    },
    remove: (key, signal) => bucket.remove(at(key), signal),
    async list(under, signal) {
      const objects = await bucket.objects(at(under), signal);
      return objects.map(({ key }) => key.slice(at(under).length));
    },
  };
}

function folderPlace(root: string): Place {
  const at = (key: string) => join(root, ...key.split('/'));
  /** Beside its place under a name of its own, and only when it is whole under that which is asked for. */
  const put = async (key: string, bytes: Uint8Array, settle: (from: string, to: string) => Promise<void>) => {
    const path = at(key);
    await mkdir(dirname(path), { recursive: true });
    const partial = join(dirname(path), `.${randomBytes(8).toString('hex')}`);
    try {
      const file = await open(partial, 'wx');
      try {
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
      await settle(partial, path);
    } finally {
      await rm(partial, { force: true });
    }
  };
  const place: Place = {
    name: root,
    read: (key, most) => readStart(at(key), most).catch(absent),
    has: async (key) => (await place.read(key, 1)) !== null,
    async add(key, bytes) {
      if (await place.has(key)) return 'exists';
      try {
        // A link is made or refused as a whole, by file systems over a network too.
        await put(key, bytes, link);
        return 'written';
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EEXIST') return 'exists';
        throw error;
      }
    },
    replace: (key, bytes) => put(key, bytes, rename),
    remove: (key) => rm(at(key), { force: true }),
    async list(prefix) {
      const names = await readdir(at(prefix)).catch((error) => absent(error) ?? []);
      return names.filter((name) => !name.startsWith('.'));
    },
  };
  return place;
}

function absent(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw error;
}
