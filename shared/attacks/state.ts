/** Plain data that a craft can be put down as and taken up again from. */
import { UsageError } from '#shared/errors';

type Numbers = Float32Array | Float64Array | Int32Array;
type Part = number | boolean | string | null | Numbers | Part[] | { [name: string]: Part };
export type State = { [name: string]: Part };

const isNumbers = (part: Part): part is Numbers => ArrayBuffer.isView(part);
const isRecord = (part: Part): part is State =>
  typeof part === 'object' && part !== null && !Array.isArray(part) && !isNumbers(part);

/** A copy that later steps do not touch. */
export function snapshot<Kind extends Part>(part: Kind): Kind {
  const copy = (inner: Part): Part => {
    if (isNumbers(inner)) return inner.slice();
    if (Array.isArray(inner)) return inner.map(copy);
    if (isRecord(inner)) return Object.fromEntries(Object.entries(inner).map(([name, value]) => [name, copy(value)]));
    return inner;
  };
  return copy(part) as Kind;
}

/** Puts a snapshot back: arrays of numbers are filled in place, since others hold on to them; all else is replaced. */
export function restore(target: State, saved: State): void {
  for (const [name, part] of Object.entries(saved)) {
    const there = target[name];
    if (isNumbers(part) && there !== undefined && isNumbers(there) && there.length === part.length) there.set(part);
    else if (isRecord(part) && there !== undefined && isRecord(there)) restore(there, part);
    else target[name] = part;
  }
}

/** Which parts a state has and what they mean. Another layout is not read: its numbers would land in other places. */
const layout = 4;

const kinds = { Float32Array, Float64Array, Int32Array } as const;
type Kind = keyof typeof kinds;
const kindOf = (numbers: Numbers): Kind =>
  numbers instanceof Float32Array ? 'Float32Array' : numbers instanceof Float64Array ? 'Float64Array' : 'Int32Array';

/** Where numbers lie behind the text: `at` in bytes from where they begin. */
interface Place {
  numbers: Kind;
  at: number;
  length: number;
}

/** What JSON can carry: numbers that it has no form for are written as text. */
type Written = number | boolean | string | null | Place | { number: string } | Written[] | { parts: Written[][] };

/** What checkpoints began with before layout 3: V8's mark of its own serialisation. No length is that large. */
const beforeLayout3 = 0xff;

/**
 * A snapshot as bytes, under the identity of what it belongs to: the length of a JSON text (uint32, big-endian), the
 * text, and the arrays of numbers as they lie in memory.
 */
export function pack(identity: string, state: State): Uint8Array<ArrayBuffer> {
  const arrays: Uint8Array[] = [];
  let end = 0;
  const write = (part: Part): Written => {
    if (isNumbers(part)) {
      const at = end;
      arrays.push(new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
      end += part.byteLength;
      return { numbers: kindOf(part), at, length: part.length };
    }
    if (Array.isArray(part)) return part.map(write);
    if (isRecord(part)) return { parts: Object.entries(part).map(([name, value]) => [name, write(value)]) };
    return typeof part === 'number' && !Number.isFinite(part) ? { number: String(part) } : part;
  };
  const text = new TextEncoder().encode(JSON.stringify({ layout, identity, state: write(state) }));
  const begin = 4 + text.length;
  const bytes = new Uint8Array(begin + end);
  new DataView(bytes.buffer).setUint32(0, text.length);
  bytes.set(text, 4);
  let at = begin;
  for (const array of arrays) {
    bytes.set(array, at);
    at += array.length;
  }
  return bytes;
}

function read(written: Written, bytes: Uint8Array, begin: number): Part {
  if (typeof written !== 'object' || written === null) return written;
  if (Array.isArray(written)) return written.map((part) => read(part, bytes, begin));
  if ('number' in written) return Number(written.number);
  if ('parts' in written) {
    return Object.fromEntries(written.parts.map(([name, part]) => [name, read(part, bytes, begin)]));
  }
  const { numbers, at, length } = written;
  const found = bytes.subarray(begin + at, begin + at + length * kinds[numbers].BYTES_PER_ELEMENT);
  const copy = new kinds[numbers](length);
  // Bytes from a file lie anywhere in memory, and numbers do not.
  if (found.length === copy.byteLength) new Uint8Array(copy.buffer).set(found);
  else throw new RangeError('The numbers end too early.');
  return copy;
}

/** @throws UsageError when the bytes are damaged, of another version, or belong to another craft. */
export function unpack(identity: string, bytes: Uint8Array): State {
  const other = () =>
    new UsageError(
      'The checkpoint was written by another version of the Atlas. Start afresh with --fresh, or go on with that version.',
    );
  if (bytes[0] === beforeLayout3) throw other();
  let found: { layout?: number; identity: string; state: Written };
  let begin: number;
  const damaged = (cause: unknown) =>
    new UsageError('The checkpoint cannot be read: it is damaged. Start afresh with --fresh.', { cause });
  try {
    const length = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0);
    begin = 4 + length;
    found = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(4, 4 + length)));
  } catch (error) {
    throw damaged(error);
  }
  if (found?.layout !== layout) throw other();
  if (found.identity !== identity) {
    throw new UsageError(
      'The checkpoint belongs to another craft: the models, photos, settings, bound, seed, budget or provider differ. Repeat the first command to go on with it, or start afresh with --fresh.',
    );
  }
  try {
    return read(found.state, bytes, begin) as State;
  } catch (error) {
    throw damaged(error);
  }
}
