/** How a value from outside departs from its schema, in words and in bounded time and memory. */
import { z } from 'zod';

/**
 * The first departures, each as "path: what is wrong"; none where the value fits. Lists are left at the first few: zod
 * alone makes an object of every fault of a list, and a list of millions then takes all memory.
 */
export function faultsOf(schema: z.ZodType, value: unknown, most = 5): string[] {
  const found: Fault[] = [];
  walk(schema, value, [], { found, most });
  if (found.length === 0) addIssues(schema, value, [], { found, most });
  return found.map(({ path, words }) => (path.length > 0 ? `${path.join('.')}: ${words}` : words));
}

interface Fault {
  path: PropertyKey[];
  words: string;
}

interface Search {
  found: Fault[];
  most: number;
}

function walk(schema: z.core.$ZodType, value: unknown, path: PropertyKey[], search: Search): void {
  if (search.found.length >= search.most) return;
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) {
    if (value !== undefined) walk(schema.unwrap(), value, path, search);
  } else if (schema instanceof z.ZodNullable) {
    if (value !== null) walk(schema.unwrap(), value, path, search);
  } else if (schema instanceof z.ZodPipe) {
    walk(schema.in, value, path, search);
  } else if (schema instanceof z.ZodArray && Array.isArray(value)) {
    for (let i = 0; i < value.length && search.found.length < search.most; i++)
      walk(schema.element, value[i], [...path, i], search);
  } else if (schema instanceof z.ZodObject && isObject(value)) {
    for (const [key, inner] of Object.entries(schema.shape as z.core.$ZodShape))
      walk(inner, Object.hasOwn(value, key) ? value[key] : undefined, [...path, key], search);
  } else if (schema instanceof z.ZodUnion && isOfLiterals(schema)) {
    addIssues(z.literal(schema.options.flatMap(({ values }) => [...values])), value, path, search);
  } else if (schema instanceof z.ZodUnion && typeof value === 'object') {
    search.found.push(...nearestOf(schema.options as z.core.$ZodType[], value, path, search.most));
  } else {
    addIssues(schema, value, path, search);
  }
}

const isOfLiterals = (schema: z.ZodUnion): schema is z.ZodUnion<z.ZodLiteral[]> =>
  schema.options.every((option) => option instanceof z.ZodLiteral);

/** Of several shapes, the faults beside the one that was most likely meant; none where one fits. */
function nearestOf(options: readonly z.core.$ZodType[], value: unknown, path: PropertyKey[], most: number): Fault[] {
  let nearest: Fault[] | undefined;
  for (const option of options) {
    const search: Search = { found: [], most };
    walk(option, value, path, search);
    if (search.found.length === 0) return [];
    if (nearest === undefined || likeness(search.found) > likeness(nearest)) nearest = search.found;
  }
  return nearest ?? [];
}

/** What has the fields of a shape is more like it than what lacks them; and what goes wrong further in. */
const likeness = (faults: Fault[]) =>
  faults[0].path.length - 100 * faults.filter(({ words }) => words === MISSING).length;

const MISSING = 'is missing';

function addIssues(schema: z.core.$ZodType, value: unknown, path: PropertyKey[], { found, most }: Search): void {
  const { error } = z.safeParse(schema, value);
  for (const issue of error?.issues.slice(0, most - found.length) ?? [])
    found.push({ path: [...path, ...issue.path], words: inWords(issue, at(value, issue.path)) });
}

const isObject = (value: unknown): value is Record<PropertyKey, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function at(value: unknown, path: PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (inner, key) =>
      typeof inner === 'object' && inner !== null ? (inner as Record<PropertyKey, unknown>)[key] : inner,
    value,
  );
}

const kinds: Record<string, string> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  tuple: 'a list',
  object: 'an object',
  record: 'an object',
};

const formats: Record<string, string> = {
  url: 'a web address',
  datetime: 'a date and time such as 2026-01-31T12:00:00Z',
};

/** What zod says by itself, which names types of a programming language. A schema's own message is left as it is. */
const byZod = /^(Invalid|Too (big|small)|Unrecognized|Number must|String must)/;

function inWords(issue: z.core.$ZodIssue, value: unknown): string {
  if (issue.message && !byZod.test(issue.message)) return issue.message;
  switch (issue.code) {
    case 'invalid_type':
      if (value === undefined) return MISSING;
      return `must be ${kinds[issue.expected] ?? issue.expected}, not ${kindOf(value)}`;
    case 'invalid_value':
      if (value === undefined) return MISSING;
      return `must be ${issue.values
        .slice(0, 20)
        .map((one) => JSON.stringify(one))
        .join(' or ')}`;
    case 'too_big':
      return `must ${issue.inclusive === false ? 'be below' : measureOf(issue.origin, 'at most')} ${issue.maximum}${unitOf(issue.origin)}`;
    case 'too_small':
      return `must ${issue.inclusive === false ? 'be above' : measureOf(issue.origin, 'at least')} ${issue.minimum}${unitOf(issue.origin)}`;
    case 'invalid_format':
      return `must be ${formats[issue.format] ?? `of the form ${issue.pattern ?? issue.format}`}`;
    case 'unrecognized_keys':
      return `has ${issue.keys
        .slice(0, 5)
        .map((key) => `"${key.slice(0, 60)}"`)
        .join(', ')}, which is not known here`;
    default:
      return value === undefined ? MISSING : `is of none of the forms that it may have`;
  }
}

const isCounted = (origin: string) => origin === 'array' || origin === 'string' || origin === 'set';
const measureOf = (origin: string, limit: string) => `${isCounted(origin) ? 'have' : 'be'} ${limit}`;
const unitOf = (origin: string) => (origin === 'string' ? ' characters' : isCounted(origin) ? ' entries' : '');

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'number') return Number.isFinite(value) ? `${value}` : 'a number beyond all bounds';
  return kinds[typeof value] ?? typeof value;
}
