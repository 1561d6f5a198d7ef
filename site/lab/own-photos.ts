/** Photographs of the visitor's own, as the lab has them: brought now, or kept in this browser before. */
import { forgetPhotos, keepPhoto, keptPhotos } from '../own-photo/index.ts';
import type { OwnPhoto } from './own-photo.ts';
import { isOwnPhoto, ownPhoto } from './state.ts';

interface Own {
  name: string;
  /** Other pages know of it. */
  isKept: boolean;
  read: Promise<OwnPhoto>;
}

export class OwnPhotos {
  readonly #photos = new Map<string, Own>();

  get(id: string): Own | undefined {
    return this.#photos.get(id);
  }

  /** Takes up what was kept before. */
  async load(): Promise<{ id: string; own: OwnPhoto }[]> {
    return (await keptPhotos()).map(({ id, blob, name, converted }) => {
      const own = { url: URL.createObjectURL(blob), blob, name, converted };
      this.#photos.set(id, { name, isKept: true, read: Promise.resolve(own) });
      return { id, own };
    });
  }

  /** A file gets its place at once, and its picture, or why it has none, when it has been looked at. */
  bring(file: File): string {
    const last = Math.max(0, ...[...this.#photos.keys()].map((id) => Number(id.slice(ownPhoto(0).length - 1))));
    const id = ownPhoto(last + 1);
    const read = import('./own-photo.ts').then((own) => own.readOwnPhoto(file));
    this.#photos.set(id, { name: file.name, isKept: false, read });
    return id;
  }

  /** Keeps one that could be read for the other pages. */
  async keep(id: string): Promise<void> {
    const own = this.#photos.get(id);
    if (!own || own.isKept) return;
    own.isKept = true;
    const { blob, name, converted } = await own.read;
    await keepPhoto({ id, blob, name, converted });
  }

  /** @returns the ids of what was forgotten */
  async forget(): Promise<string[]> {
    await forgetPhotos();
    const ids = [...this.#photos.keys()];
    this.#photos.clear();
    return ids;
  }
}

/** The one that this entry of the history shows, or that the address of a page of ours names; null where none is. */
export function ownPhotoAsked(): string | null {
  const id = String(history.state?.photo ?? new URLSearchParams(location.search).get('photo'));
  return isOwnPhoto(id) ? id : null;
}
