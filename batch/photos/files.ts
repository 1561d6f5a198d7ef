import { existsSync, statSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { UsageError } from '#shared/errors';
import type { Groups } from '#shared/photos';
import { readBytes, reasonOf } from '../files/index.ts';
import { groupsIn } from './groups.ts';
import { picturesIn } from './tree.ts';

export interface PhotoFile {
  /**
   * The file's name, with the folders inside the given one that it lies in; with that one's before it where two given
   * folders have files of that name.
   */
  name: string;
  path: string;
  /** Name of the first photo of its group, where it has one. */
  group?: string;
}

export const readable = /\.(jpe?g|png|webp)$/i;
/**
 * Pictures all the same, which a person may wonder about: they are counted as skipped. Other files (credits, notes) are
 * passed over.
 */
const unreadable = /\.(gif|bmp|tiff?|heic|heif|avif|jxl|jp2|svg|ico|psd|raw|dng|cr2|nef)$/i;

/**
 * The pictures of folders and of the folders inside them, each folder's sorted by name; in place of a folder there may
 * be a single picture, or a .txt file that lists one path a line, relative to itself, in its own order (empty lines and
 * those that start with # are passed over). Each folder's `groups.json` says which photos are of one thing.
 * @throws UsageError for a folder or list that does not exist or has no picture in it.
 */
export async function listPhotos(folders: readonly string[]): Promise<PhotoFile[]> {
  const found: { folder: string; file: string; path: string }[] = [];
  for (const folder of folders) {
    if (!existsSync(folder)) {
      throw new UsageError(
        `There is no ${folder}. Give the path of a JPEG, PNG or WebP file, or of a folder with such files in it.`,
      );
    }
    if (isList(folder)) {
      const listed = await readList(folder);
      found.push(...listed.map((path) => ({ folder: basename(dirname(path)), file: basename(path), path })));
      continue;
    }
    if (!statSync(folder).isDirectory()) {
      if (!readable.test(folder)) {
        throw new UsageError(
          `${folder} is neither a folder of photos, nor a JPEG, PNG or WebP file, nor a .txt list of them, nor an .npy or .npz file of canvases. Give one of these.`,
        );
      }
      found.push({ folder: '', file: basename(folder), path: folder });
      continue;
    }
    const pictures = await picturesIn(folder, (file) => readable.test(file) || unreadable.test(file));
    if (pictures.length === 0) {
      throw new UsageError(
        `The photo folder ${folder} has no JPEG, PNG or WebP file in it, nor in a folder inside it. Check the path.`,
      );
    }
    for (const { name, path } of pictures) found.push({ folder: basename(folder), file: name, path });
  }
  // A folder may be given beside one that it lies in.
  const once = new Set<string>();
  const photos = found.filter(({ folder, path }) => !folder || once.size < once.add(resolve(path)).size);
  const times = new Map<string, number>();
  for (const { file } of photos) times.set(file, (times.get(file) ?? 0) + 1);
  const groups = new Map<string, Groups>();
  for (const at of new Set(photos.map(({ path }) => dirname(path)))) groups.set(at, await groupsIn(at));
  return photos.map(({ folder, file, path }) => ({
    name: folder && times.get(file)! > 1 ? `${folder}/${file}` : file,
    path,
    group: groups.get(dirname(path))?.get(basename(path)),
  }));
}

const isList = (path: string) => /\.txt$/i.test(path) && statSync(path).isFile();

async function readList(list: string): Promise<string[]> {
  const bytes = await readBytes(list, { most: 64e6 }).catch((error: unknown) => {
    throw new UsageError(`The list of photos ${list} cannot be read: ${reasonOf(error)}. Check the path.`);
  });
  const lines = new TextDecoder()
    .decode(bytes)
    .split(/\r?\n/)
    .map((line) => line.trim());
  const paths = lines.filter((line) => line !== '' && !line.startsWith('#'));
  if (paths.length === 0)
    throw new UsageError(`The list ${list} names no photo. Write one path a line, relative to the list.`);
  return paths.map((path) => resolve(dirname(list), path));
}
