// Zip as NumPy and PyTorch write it (https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT): the central
// directory at the end names the entries; nothing is unpacked before it is asked for. An ordinary library believes the
// sizes and counts that stand there, which are whatever the file's maker wrote.
import { FormatError } from '#shared/formats';
import { checkClaims, type Deflated, inflate, MOST_ENTRIES, startsOf, tooManyEntries } from './bounds.ts';

export interface ZipEntry {
  name: string;
  /** Bytes, unpacked. */
  size: number;
  /** @throws FormatError where it is not what the directory says. */
  read(): Uint8Array;
  /** As much of its beginning as has a header in it. */
  start(): Uint8Array;
}

const END = 0x06054b50;
const END_64 = 0x06064b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
const UNKNOWN_16 = 0xffff;
const UNKNOWN_32 = 0xffffffff;
/** The end record, and the longest comment behind it. */
const END_BYTES = 22;
const LONGEST_COMMENT = 65_535;

const damaged = (why: string) =>
  new FormatError(`This is no zip file that can be read (${why}). Fetch or save it again.`);

/** @throws FormatError where it is no zip file, or where its entries overlap or claim more than a file may hold. */
export function unzip(bytes: Uint8Array): Map<string, ZipEntry> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries = directoryOf(view);
  checkClaims(
    entries.map(({ size }) => size),
    bytes,
  );
  const ranges = entries.map(({ from, packed }) => [from, from + packed] as const).sort(([a], [b]) => a - b);
  if (ranges.some(([from], i) => i > 0 && from < ranges[i - 1][1])) throw damaged('its entries overlap');
  const found = new Map<string, ZipEntry>();
  const startOf = startsOf(bytes);
  for (const entry of entries) {
    if (found.has(entry.name)) throw damaged('two entries have the same name');
    found.set(entry.name, entryOf(bytes, entry, startOf));
  }
  return found;
}

interface Listed {
  name: string;
  method: number;
  packed: number;
  size: number;
  /** Where its content begins. */
  from: number;
}

function directoryOf(view: DataView): Listed[] {
  const end = endOf(view);
  let count = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  if ((count === UNKNOWN_16 || at === UNKNOWN_32) && end >= 20) {
    const end64 = uint64(view, end - 12);
    if (fits(view, end64, 56) && view.getUint32(end64, true) === END_64) {
      count = uint64(view, end64 + 32);
      at = uint64(view, end64 + 48);
    }
  }
  const entries: Listed[] = [];
  for (let i = 0; i < count; i++) {
    if (i === MOST_ENTRIES) throw tooManyEntries();
    // An entry takes 46 bytes, so that a count beyond what there is ends here.
    if (!fits(view, at, 46) || view.getUint32(at, true) !== CENTRAL) throw damaged('its directory is cut off');
    const [nameBytes, extraBytes, noteBytes] = [28, 30, 32].map((field) => view.getUint16(at + field, true));
    if (!fits(view, at, 46 + nameBytes + extraBytes)) throw damaged('its directory is cut off');
    entries.push(listedAt(view, at, nameBytes, extraBytes));
    at += 46 + nameBytes + extraBytes + noteBytes;
  }
  return entries;
}

function endOf(view: DataView): number {
  const last = view.byteLength - END_BYTES;
  for (let at = last; at >= Math.max(0, last - LONGEST_COMMENT); at--) if (view.getUint32(at, true) === END) return at;
  throw damaged('it has no directory');
}

function listedAt(view: DataView, at: number, nameBytes: number, extraBytes: number): Listed {
  const name = new TextDecoder().decode(new Uint8Array(view.buffer, view.byteOffset + at + 46, nameBytes));
  const wide = wideFields(view, at + 46 + nameBytes, extraBytes);
  const field = (place: number) => {
    const value = view.getUint32(at + place, true);
    return value === UNKNOWN_32 ? (wide.shift() ?? value) : value;
  };
  // In the order in which the wide ones stand.
  const size = field(24);
  const packed = field(20);
  const local = field(42);
  if (!fits(view, local, 30) || view.getUint32(local, true) !== LOCAL)
    throw damaged(`${name} is not where it should be`);
  const from = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
  if (!fits(view, from, packed)) throw damaged(`${name} is cut off`);
  return { name, method: view.getUint16(at + 10, true), packed, size, from };
}

/** Sizes of 64 bits stand in an extra field of the kind 1. */
function wideFields(view: DataView, start: number, length: number): number[] {
  for (let at = start; at + 4 <= start + length; ) {
    const bytes = view.getUint16(at + 2, true);
    if (view.getUint16(at, true) === 1 && at + 4 + bytes <= start + length)
      return Array.from({ length: bytes >> 3 }, (_, i) => uint64(view, at + 4 + 8 * i));
    at += 4 + bytes;
  }
  return [];
}

function entryOf(
  bytes: Uint8Array,
  { name, method, packed, size, from }: Listed,
  startOf: ReturnType<typeof startsOf>,
): ZipEntry {
  const content = bytes.subarray(from, from + packed);
  const deflated: Deflated = { bytes: content, raw: true, claim: size };
  if (method === 8) return { name, size, read: () => inflate(deflated), start: () => startOf(deflated) };
  const stored = () => {
    if (method === 0 && packed === size) return content;
    throw damaged(`${name} is packed in a way that is not known here`);
  };
  return { name, size, read: stored, start: stored };
}

const uint64 = (view: DataView, at: number) => Number(view.getBigUint64(at, true));
const fits = (view: DataView, at: number, length: number) => at + length <= view.byteLength;
