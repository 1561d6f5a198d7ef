/** Photos that the visitor brings to craft with: a folder, files, or what is dropped on the page. */
import type { CraftPhoto } from './protocol.ts';

/** Each is held as numbers while it crafts: more would be hundreds of megabytes. */
export const MOST_PHOTOS = 300;

/** What has come of files that were brought. */
export interface Brought {
  photos: CraftPhoto[];
  /** Files that no codec and no browser reads as a picture. */
  unread: string[];
  /** How many pictures were there, where more were than are taken. */
  of: number | null;
}

/**
 * Photos from files, each of which our codecs read or the browser converts. Other kinds of files are passed over in
 * silence, as folders have them.
 *
 * @param onProgress Called with how many are read.
 */
export async function bringPhotos(
  files: readonly File[],
  onProgress: (done: number, total: number) => void,
): Promise<Brought> {
  const { readOwnPhoto } = await import('../lab/own-photo.ts');
  const pictures = files.filter(isPicture);
  const taken = spread(pictures, MOST_PHOTOS);
  const photos: CraftPhoto[] = [];
  const unread: string[] = [];
  for (const [i, file] of taken.entries()) {
    onProgress(i, taken.length);
    const name = file.webkitRelativePath || file.name;
    try {
      photos.push({ name, url: (await readOwnPhoto(file)).url });
    } catch {
      unread.push(name);
    }
  }
  return { photos: once(photos), unread, of: pictures.length > taken.length ? pictures.length : null };
}

/** Lets the browser forget photos that are no longer needed. */
export function release({ photos }: Brought): void {
  for (const { url } of photos) URL.revokeObjectURL(url);
}

/** What was brought, in words. */
export function broughtText({ photos, unread, of }: Brought): string {
  const are =
    photos.length === 0
      ? 'No photograph could be read.'
      : `${photos.length} ${photos.length === 1 ? 'photograph' : 'photographs'}${of === null ? '' : `, evenly out of ${of}`}.`;
  if (unread.length === 0) return are;
  const others = unread.length === 1 ? '' : ` and ${unread.length - 1} more`;
  return `${are} Not readable as a picture: ${unread[0]}${others}.`;
}

/** All files of what was dropped, those in folders too. To be called while the event is handled. */
export async function filesDropped(transfer: DataTransfer): Promise<File[]> {
  const entries = [...transfer.items].flatMap((item) => item.webkitGetAsEntry?.() ?? []);
  if (entries.length === 0) return [...transfer.files];
  return (await Promise.all(entries.map(filesIn))).flat();
}

async function filesIn(entry: FileSystemEntry): Promise<File[]> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    return [file];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const found: File[] = [];
  // A reader gives some at a time, and none in the end.
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return found;
    for (const one of some) found.push(...(await filesIn(one)));
  }
}

/** HEIC and others have no type in some browsers: those are tried by their ending. */
const isPicture = ({ type, name }: File) =>
  type.startsWith('image/')
    ? type !== 'image/svg+xml'
    : type === '' && /\.(jpe?g|png|webp|hei[cf]|avif|gif|bmp|tiff?)$/i.test(name);

/** At most so many, evenly over the list. */
export const spread = <Item>(items: readonly Item[], most: number): Item[] =>
  items.length <= most
    ? [...items]
    : Array.from({ length: most }, (_, i) => items[Math.floor((i * items.length) / most)]);

/** The name decides where a photo stands, so that two of a name are one. */
const once = (photos: readonly CraftPhoto[]) => [...new Map(photos.map((photo) => [photo.name, photo])).values()];
