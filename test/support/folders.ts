import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';

/** Paths of files that two folders do not have with the same bytes, sorted. */
export async function differing(a: string, b: string): Promise<string[]> {
  const [inA, inB] = [await filesIn(a), await filesIn(b)];
  const paths = [...new Set([...inA.keys(), ...inB.keys()])].sort();
  return paths.filter((path) => !inA.get(path)?.equals(inB.get(path) ?? Buffer.alloc(0)));
}

async function filesIn(folder: string): Promise<Map<string, Buffer>> {
  const found = new Map<string, Buffer>();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) found.set(relative(folder, path), await readFile(path));
  }
  return found;
}
