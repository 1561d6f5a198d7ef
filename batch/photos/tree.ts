import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';

export interface Picture {
  /** Its path from the folder, its parts joined by "/". */
  name: string;
  path: string;
}

/** Nobody sorts photos deeper; links may lead in circles. */
const DEEPEST = 32;

/**
 * The files of a folder, and of the folders inside it, that `is` says are pictures: sorted by name. What begins with a
 * dot is hidden, and a folder that links lead back to is gone through once.
 */
export async function picturesIn(folder: string, is: (file: string) => boolean): Promise<Picture[]> {
  const found: Picture[] = [];
  const seen = new Set<string>();
  const visit = async (at: string, prefix: string, depth: number): Promise<void> => {
    const real = await realpath(at);
    if (seen.has(real) || depth > DEEPEST) return;
    seen.add(real);
    for (const entry of await readdir(at, { withFileTypes: true })) {
      if (entry.name.startsWith('.')) continue;
      const path = join(at, entry.name);
      const name = `${prefix}${entry.name}`;
      const isFolder =
        entry.isDirectory() ||
        (entry.isSymbolicLink() && ((await stat(path).catch(() => null))?.isDirectory() ?? false));
      if (isFolder) await visit(path, `${name}/`, depth + 1);
      else if (is(entry.name)) found.push({ name, path });
    }
  };
  await visit(folder, '', 0);
  return found.sort((a, b) => byCodeUnits(a.name, b.name));
}

/** The same order on every machine, whatever its language. */
const byCodeUnits = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
