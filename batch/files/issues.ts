// What does not fit a schema, in words for people who have never seen one.
import type { z } from 'zod';

type Issue = z.core.$ZodIssue;

/** At most so many are listed. */
const shown = 5;

/** What is wrong with a value, by the names of its parts, as parts of one sentence. */
export function issueList(issues: readonly Issue[], value: unknown): string {
  const said = issues.slice(0, shown).map((issue) => inWords(issue, value));
  const rest = issues.length - said.length;
  return said.join('; ') + (rest > 0 ? `; and ${rest} more` : '');
}

function inWords(issue: Issue, value: unknown): string {
  const found = at(value, issue.path);
  if (issue.code === 'invalid_union' && found !== undefined) {
    const closest = closestOf(issue.errors);
    // Of several kinds of objects, what is wrong by the one that is meant.
    if (closest)
      return closest
        .slice(0, 2)
        .map((inner) => inWords({ ...inner, path: [...issue.path, ...inner.path] }, value))
        .join(' and ');
  }
  const where = issue.path.map(String).join('.');
  return `${where || 'it'} ${expectation(issue, found)}`;
}

/** The member of a union that a value misses least, of those that look into it; undefined where none does. */
const closestOf = (members: readonly (readonly Issue[])[]): readonly Issue[] | undefined =>
  members
    .filter((issues) => issues.length > 0 && issues.every(({ path }) => path.length > 0))
    .toSorted((a, b) => a.length - b.length)[0];

function expectation(issue: Issue, found: unknown): string {
  switch (issue.code) {
    case 'invalid_type':
      return found === undefined
        ? 'is missing'
        : `must be ${nouns[issue.expected] ?? issue.expected}, not ${nounOf(found)}`;
    case 'invalid_value':
      return `must be ${either(issue.values.map((value) => JSON.stringify(value) ?? String(value)))}${instead(found)}`;
    case 'invalid_union':
      return found === undefined ? 'is missing' : `must be ${either(ways(issue.errors))}${instead(found)}`;
    case 'unrecognized_keys':
      return `has the unknown ${issue.keys.length === 1 ? 'field' : 'fields'} ${issue.keys
        .slice(0, shown)
        .map((key) => `"${key}"`)
        .join(', ')}`;
    case 'too_small':
      return `must ${measure(issue.origin)} ${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}${units[issue.origin] ?? ''}${instead(found)}`;
    case 'too_big':
      return `must ${measure(issue.origin)} ${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}${units[issue.origin] ?? ''}${instead(found)}`;
    default:
      // Formats and multiples: the schemas of shared/release say these in words of their own.
      return `is not right: ${issue.message}`;
  }
}

/** What each member of a union asks for. */
function ways(members: readonly (readonly Issue[])[]): string[] {
  const options = members.flatMap(([first]) => {
    if (first?.code === 'invalid_value') return first.values.map((value) => JSON.stringify(value) ?? String(value));
    return first?.code === 'invalid_type' ? [nouns[first.expected] ?? first.expected] : [];
  });
  return [...new Set(options)];
}

const either = (options: string[]): string =>
  options.length < 2 ? options.join('') : `${options.slice(0, -1).join(', ')} or ${options[options.length - 1]}`;

/** The value, where it is short. */
function instead(found: unknown): string {
  if (found === undefined) return ', and is missing';
  if (Array.isArray(found)) return `, not ${found.length}`;
  const text = typeof found === 'object' ? nounOf(found) : (JSON.stringify(found) ?? String(found));
  return `, not ${text.length > 60 ? `${text.slice(0, 60)}…` : text}`;
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

function nounOf(value: unknown): string {
  if (value === null) return 'null';
  return nouns[Array.isArray(value) ? 'array' : typeof value] ?? typeof value;
}

const at = (value: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (part, key) =>
      typeof part === 'object' && part !== null && Object.hasOwn(part, key)
        ? (part as Record<PropertyKey, unknown>)[key]
        : undefined,
    value,
  );
