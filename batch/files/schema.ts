/** How a value from outside departs from its schema, in words and in bounded time and memory. */
import { z } from 'zod';
import { at, type Issue, inWords } from './issues.ts';

/**
 * The first departures, each as "path must be this, not that"; none where the value fits. Lists are left at the first
 * few: zod alone makes an object of every fault of a list, and a list of millions then takes all memory.
 */
export function faultsOf(schema: z.ZodType, value: unknown, most = 5): string[] {
  const search: Search = { root: value, found: [], most };
  walk(schema, value, [], search);
  if (search.found.length === 0) addIssues(schema, value, [], search);
  return search.found.map((issue) => inWords(issue, value));
}

interface Search {
  root: unknown;
  /** Their paths begin at the root. */
  found: Issue[];
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
  } else if (schema instanceof z.ZodUnion && typeof value === 'object') {
    search.found.push(...nearestOf(schema.options as z.core.$ZodType[], value, path, search));
  } else {
    addIssues(schema, value, path, search);
  }
}

/** Of several shapes, the faults beside the one that was most likely meant; none where one fits. */
function nearestOf(
  options: readonly z.core.$ZodType[],
  value: unknown,
  path: PropertyKey[],
  { root, found, most }: Search,
): Issue[] {
  let nearest: Issue[] | undefined;
  for (const option of options) {
    const search: Search = { root, found: [], most: most - found.length };
    walk(option, value, path, search);
    if (search.found.length === 0) return [];
    if (nearest === undefined || likeness(search) > likeness({ ...search, found: nearest })) nearest = search.found;
  }
  return nearest ?? [];
}

/** What has the fields of a shape is more like it than what lacks them; and what goes wrong further in. */
const likeness = ({ root, found }: Search) =>
  found[0].path.length - 100 * found.filter(({ path }) => at(root, path) === undefined).length;

function addIssues(schema: z.core.$ZodType, value: unknown, path: PropertyKey[], { found, most }: Search): void {
  const { error } = z.safeParse(schema, value);
  for (const issue of error?.issues.slice(0, most - found.length) ?? [])
    found.push({ ...issue, path: [...path, ...issue.path] });
}

const isObject = (value: unknown): value is Record<PropertyKey, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
