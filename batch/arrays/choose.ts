/** Which array of a file is the perturbation. */
import { UsageError } from '#shared/errors';
import { placesOf } from './layout.ts';
import type { Contents, NamedArray } from './named-array.ts';

const likelyNames = ['perturbation', 'v', 'delta', 'uap', 'r', 'noise'];
/** "model/uap:0", "attack.delta" */
const lastPart = (name: string) => name.replace(/:\d+$/, '').split(/[/.]/).at(-1)!.toLowerCase();

/** Names that are told; more are counted. */
const namedArrays = 12;

/**
 * The array that is asked for, or the one that can only be it: of those that have the shape of a perturbation (rather
 * than of a stack of them) the only one, or the only one of a usual name. What else is in the file does not matter.
 * @throws UsageError that names what there is.
 */
export function chosenOf(path: string, { arrays, others }: Contents, wanted: string | undefined): NamedArray {
  const named = [
    ...arrays.map(({ name, shape }) => `"${name}" [${shape.join(', ')}]`),
    ...others.map(({ name, why }) => `"${name}" (not read: ${why.replace(/\.?$/, '')})`),
  ];
  const all = `${named.slice(0, namedArrays).join(', ')}${named.length > namedArrays ? ` and ${named.length - namedArrays} more` : ''}`;
  if (wanted !== undefined) {
    const found = arrays.find(({ name }) => name === wanted);
    if (found) return found;
    const other = others.find(({ name }) => name === wanted);
    if (other) throw new UsageError(`The array "${wanted}" of ${path} cannot be read: ${other.why}`);
    throw new UsageError(`The file ${path} has no array "${wanted}". It has ${all || 'none'}.`);
  }
  const fitting = arrays.filter(({ shape }) => placesOf(shape).length > 0);
  const single = fitting.filter(({ shape }) => placesOf(shape).some(({ stack }) => stack === null));
  const likely = single.length > 0 ? single : fitting;
  for (const name of likelyNames) {
    const found = likely.filter((array) => lastPart(array.name) === name);
    if (found.length === 1) return found[0];
  }
  if (likely.length === 1) return likely[0];
  if (likely.length > 1) {
    const names = likely.map(({ name }) => `"${name}"`);
    throw new UsageError(
      `The file ${path} has ${names.length} arrays that may be the perturbation: ${names.slice(0, namedArrays).join(', ')}${names.length > namedArrays ? ', …' : ''}. Say which with --array.`,
    );
  }
  if (arrays.length === 1 && others.length === 0) return arrays[0];
  throw new UsageError(
    `The file ${path} has no array with the shape of a perturbation, [3,S,S] or [S,S,3]${all ? `: it has ${all}` : ', and none of numbers at all'}. Give one that has.`,
  );
}
