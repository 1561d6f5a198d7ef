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
  const copy = (of: Part): Part => {
    if (isNumbers(of)) return of.slice();
    if (Array.isArray(of)) return of.map(copy);
    if (isRecord(of)) return Object.fromEntries(Object.entries(of).map(([name, inner]) => [name, copy(inner)]));
    return of;
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

/** A snapshot as bytes, under the identity of what it belongs to. */
export const pack = (identity: string, state: State): Uint8Array => serialize({ identity, state });

/** @throws UsageError when the bytes are damaged, or belong to another craft. */
export function unpack(identity: string, bytes: Uint8Array): State {
  let found: { identity: string; state: State };
  try {
    found = deserialize(bytes);
  } catch {
    throw new UsageError('The checkpoint cannot be read: it is damaged. Start afresh with --fresh.');
  }
  if (found?.identity !== identity) {
    throw new UsageError(
      'The checkpoint belongs to another craft: the models, photos, settings, bound, seed, budget or provider differ. Repeat the first command to go on with it, or start afresh with --fresh.',
    );
  }
  return found.state;
}
