/** What generators of files that mean harm have in common. */
import { type Random, random } from '#shared/synthetic';
import type { HostileCase } from './run-case.ts';

export type Draw = Random;

export const pick = <T>(draw: Draw, from: readonly T[]): T => from[draw.below(from.length)];

/** Whole numbers that are wrong almost everywhere. */
export const extremes = [0, -1, 1, 2, 3, 255, 65_535, 2 ** 24, 2 ** 31 - 1, -(2 ** 31), 2 ** 32, 2 ** 53 - 1, 2 ** 60];

/** Text that a terminal, a page or a table would obey, or that is merely too long. */
export const texts = [
  '\u001b]0;owned\u0007\u001b[2J\u001b[31m',
  '\u009b31mred',
  '\u202egnp.exe\u2066',
  '__proto__',
  'constructor',
  '=HYPERLINK("http://example.org")',
  '../../../etc/passwd',
  'a\nb\r\nc',
  '\u0000',
  'x'.repeat(3_000_000),
  '',
];

/**
 * Cases without end: each kind in turn, its sizes and places drawn. The same seed gives the same cases.
 * @param of what they are cases of: names begin with it
 * @param from how many to leave out at the start: none of them is made
 */
export function* casesOf(
  of: string,
  seed: number,
  kinds: Record<string, (draw: Draw) => Omit<HostileCase, 'name'>>,
  from = 0,
): Generator<HostileCase> {
  const makers = Object.entries(kinds);
  for (let i = from; ; i++) {
    const [kind, make] = makers[i % makers.length];
    const name = `${of}: ${kind}, ${Math.floor(i / makers.length)}`;
    yield { name, ...make(random(seed, name)) };
  }
}

/** A byte changed here and there, or the end missing. */
export function spoilt(draw: Draw, whole: Uint8Array): Uint8Array {
  const bytes = whole.slice(0, draw.below(3) === 0 ? draw.below(whole.length) : whole.length);
  for (let i = draw.below(8); i >= 0 && bytes.length > 0; i--) bytes[draw.below(bytes.length)] = draw.below(256);
  return bytes;
}
