import { sha256OfParts } from '#shared/release';

/**
 * SHA-256 over side, names and pixels of photos, in their order: the identity of a set in a record.
 * @param pixels Canvases [P,3,size,size].
 * @param indices Which of them.
 */
export function photosSha256(
  { names, pixels, size }: { names: readonly string[]; pixels: Uint8Array; size: number },
  indices: readonly number[],
): string {
  const plane = 3 * size * size;
  const text = (line: string) => new TextEncoder().encode(`${line}\n`);
  return sha256OfParts([
    text(String(size)),
    ...indices.flatMap((index) => [text(names[index]), pixels.subarray(index * plane, (index + 1) * plane)]),
  ]);
}
