/** Plain data that a craft can be put down as and taken up again from. */
import { deserialize, serialize } from 'node:v8';
import { UsageError } from '../errors/index.ts';

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
const layout = 2;

/** A snapshot as bytes, under the identity of what it belongs to. */
export const pack = (identity: string, state: State): Uint8Array => serialize({ layout, identity, state });

/** @throws UsageError when the bytes are damaged, of another version, or belong to another craft. */
export function unpack(identity: string, bytes: Uint8Array): State {
  let found: { layout?: number; identity: string; state: State };
  try {
    found = deserialize(bytes);
  } catch {
    throw new UsageError('The checkpoint cannot be read: it is damaged. Start afresh with --fresh.');
  }
  if (found?.layout !== layout) {
    throw new UsageError(
      'The checkpoint was written by another version of the Atlas. Start afresh with --fresh, or go on with that version.',
    );
  }
  if (found.identity !== identity) {
    throw new UsageError(
      'The checkpoint belongs to another craft: the models, photos, settings, bound, seed, budget or provider differ. Repeat the first command to go on with it, or start afresh with --fresh.',
    );
  }
  return found.state;
}
