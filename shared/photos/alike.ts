/**
 * Photos that look alike: by a difference hash (N. Krawetz, "Kind of like that", 2013), which survives another size,
 * compression, brightness and colour. Of 9 x 9 cells of the luma it says which of two neighbours is brighter: 64 bits
 * across, 64 bits down.
 */

/** Cells of a side. */
const cells = 9;
/** Words of 32 bits of a fingerprint. */
const words = 4;
/**
 * Bits of 128 in which two pictures of the same differ at most. Of the 27,966 pairs of starter photos the nearest that
 * show two things differ in 18; the photos themselves, made again as JPEG of quality 50, at half the size, in grey or a
 * third brighter, differ in 0 to 11, cropped by 4 % in 8 (medians to 90th percentiles).
 */
const near = 12;

/** 32 hexadecimal digits; null for a picture too small or too even to tell it from others. */
export type Fingerprint = string | null;

/** The fingerprint of each canvas. @param pixels [P,3,size,size] */
export function fingerprintsOf(pixels: Uint8Array, size: number): Fingerprint[] {
  const plane = 3 * size * size;
  return Array.from({ length: pixels.length / plane }, (_, i) =>
    fingerprintOf(pixels.subarray(i * plane, (i + 1) * plane), size),
  );
}

function fingerprintOf(canvas: Uint8Array, size: number): Fingerprint {
  if (size < 2 * cells) return null;
  const means = cellsOf(canvas, size);
  if (Math.max(...means) - Math.min(...means) < 4) return null;
  const bits: boolean[] = [];
  for (const next of [1, cells]) {
    for (let y = 0; y < cells - 1; y++) {
      for (let x = 0; x < cells - 1; x++) bits.push(means[y * cells + x] < means[y * cells + x + next]);
    }
  }
  const digit = (i: number) => bits.slice(4 * i, 4 * i + 4).reduce((sum, bit) => 2 * sum + Number(bit), 0);
  return Array.from({ length: bits.length / 4 }, (_, i) => digit(i).toString(16)).join('');
}

/** Mean Rec. 601 luma of each cell. */
function cellsOf(canvas: Uint8Array, size: number): Float64Array {
  const plane = size * size;
  const sums = new Float64Array(cells * cells);
  const counts = new Float64Array(cells * cells);
  const cellOf = Int32Array.from({ length: size }, (_, i) => Math.floor((i * cells) / size));
  for (let i = 0; i < plane; i++) {
    const cell = cellOf[Math.floor(i / size)] * cells + cellOf[i % size];
    sums[cell] += 0.299 * canvas[i] + 0.587 * canvas[plane + i] + 0.114 * canvas[2 * plane + i];
    counts[cell]++;
  }
  return sums.map((sum, cell) => sum / counts[cell]);
}

/** Pairs that look alike, as indices into both lists. */
export function alike(a: readonly Fingerprint[], b: readonly Fingerprint[]): [number, number][] {
  const [ofA, ofB] = [a, b].map(wordsOf);
  const pairs: [number, number][] = [];
  for (let i = 0; i < a.length; i++) {
    if (a[i] === null) continue;
    for (let k = 0; k < b.length; k++) {
      let differing = 0;
      for (let w = 0; w < words && differing <= near; w++) differing += ones(ofA[words * i + w] ^ ofB[words * k + w]);
      if (differing <= near && b[k] !== null) pairs.push([i, k]);
    }
  }
  return pairs;
}

function wordsOf(fingerprints: readonly Fingerprint[]): Int32Array {
  const all = new Int32Array(words * fingerprints.length);
  fingerprints.forEach((text, i) => {
    for (let w = 0; text && w < words; w++) all[words * i + w] = Number.parseInt(text.slice(8 * w, 8 * w + 8), 16) | 0;
  });
  return all;
}

/** How many bits of a word are set. */
function ones(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
