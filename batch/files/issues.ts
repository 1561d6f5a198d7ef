// What does not fit a schema, in words for people who have never seen one.
import type { z } from 'zod';

export type Issue = z.core.$ZodIssue;

/** Of names and values that a stranger wrote, no more than so many are listed. */
const shown = 20;
/** Nor longer ones, in characters. */
const longest = 60;

/** What is wrong with a part of `value`, by its name, as part of a sentence: "classes must be at least 2, not 1". */
export function inWords(issue: Issue, value: unknown): string {
  const found = at(value, issue.path);
  const inner = issue.code === 'invalid_union' ? meant(issue.errors, found) : undefined;
  if (inner) return inWords({ ...inner, path: [...issue.path, ...inner.path] }, value);
  return `${issue.path.map(String).join('.') || 'it'} ${expectation(issue, found)}`;
}

/**
 * Of several kinds of object the one that was most likely meant, by the fields that it has; what is wrong with it.
 * Nothing where none is more likely than the others.
 */
function meant(members: readonly (readonly Issue[])[], found: unknown): Issue | undefined {
  if (typeof found !== 'object' || found === null || Array.isArray(found)) return undefined;
  const misfits = members.map((issues) =>
    issues.reduce((sum, issue) => sum + (issue.code === 'unrecognized_keys' ? issue.keys.length : 0), 0),
  );
  const least = Math.min(...misfits);
  const likely = members.filter((_, i) => misfits[i] === least);
  return likely.length === 1 ? likely[0][0] : undefined;
}

function expectation(issue: Issue, found: unknown): string {
  switch (issue.code) {
    case 'invalid_type':
      // JSON's 1e999 is read as infinity.
      if (found === Number.POSITIVE_INFINITY || found === Number.NEGATIVE_INFINITY) return 'must be a finite number';
      return found === undefined
        ? 'is missing'
        : `must be ${nouns[issue.expected] ?? issue.expected}, not ${nounOf(found)}`;
    case 'invalid_value':
      return `must be ${either(issue.values.map((value) => JSON.stringify(value) ?? String(value)))}${instead(found)}`;
    case 'invalid_union':
      // What is of none of several kinds may be another file than it was taken for, so that its text is not said.
      if (found === undefined) return 'is missing';
      return `must be ${either(ways(issue.errors))}${typeof found === 'string' ? ', not text' : instead(found)}`;
    case 'unrecognized_keys':
      return `has the unknown ${issue.keys.length === 1 ? 'field' : 'fields'} ${issue.keys
        .slice(0, shown)
        .map((key) => `"${key.slice(0, longest)}"`)
        .join(', ')}`;
    case 'too_small':
      return `must ${measure(issue.origin)} ${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}${units[issue.origin] ?? ''}${instead(found)}`;
    case 'too_big':
      return `must ${measure(issue.origin)} ${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}${units[issue.origin] ?? ''}${instead(found)}`;
    case 'invalid_format':
      if (issue.message.startsWith('Invalid'))
        return `must be ${formats[issue.format] ?? `of the form ${issue.pattern ?? issue.format}`}`;
      return ownWords(issue.message);
    default:
      return ownWords(issue.message);
  }
}

/** The schemas of shared/release say the rest in words of their own; "must be …" goes on from a name. */
const ownWords = (message: string): string => (message.startsWith('must ') ? message : `is not right: ${message}`);

/** What each member of a union asks for. */
function ways(members: readonly (readonly Issue[])[]): string[] {
  const options = members.flatMap(([first]) => {
    if (first?.code === 'invalid_value') return first.values.map((value) => JSON.stringify(value) ?? String(value));
    return first?.code === 'invalid_type' ? [nouns[first.expected] ?? first.expected] : [];
  });
  return [...new Set(options)];
}

function either(options: string[]): string {
  const some = options.slice(0, shown);
  return some.length < 2 ? some.join('') : `${some.slice(0, -1).join(', ')} or ${some[some.length - 1]}`;
}

/** The value, where it is short. */
function instead(found: unknown): string {
  if (found === undefined) return ', and is missing';
  if (Array.isArray(found)) return `, not ${found.length}`;
  if (typeof found === 'object') return `, not ${nounOf(found)}`;
  const text = JSON.stringify(typeof found === 'string' ? found.slice(0, longest) : found) ?? String(found);
  return `, not ${text}${typeof found === 'string' && found.length > longest ? '…' : ''}`;
}

const measure = (origin: string): string => (origin === 'array' || origin === 'set' ? 'have' : 'be');
const units: Record<string, string> = { array: ' elements', set: ' elements', string: ' characters long' };
const nouns: Record<string, string> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'an object',
  record: 'an object',
  array: 'a list',
  tuple: 'a list',
  null: 'null',
};

const formats: Record<string, string> = {
  url: 'a web address',
  datetime: 'a date and time such as 2026-01-31T12:00:00Z',
};

function nounOf(value: unknown): string {
  if (value === null) return 'null';
  return nouns[Array.isArray(value) ? 'array' : typeof value] ?? typeof value;
}

/** The part of a value at a path; undefined where there is none. */
export const at = (value: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (part, key) =>
      typeof part === 'object' && part !== null && Object.hasOwn(part, key)
        ? (part as Record<PropertyKey, unknown>)[key]
        : undefined,
    value,
  );
