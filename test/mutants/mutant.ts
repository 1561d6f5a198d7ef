/** A planted mistake: one line of one file, changed so that a number, a refusal or a promise is wrong. */
export interface Mutant {
  /** Room and name, e.g. "images/luma-red". */
  id: string;
  /** From the root of the checkout. */
  file: string;
  /** A text that occurs exactly once in the file. */
  find: string;
  /** What stands in its place. */
  replace: string;
  /** The test files of which a test must fail. */
  test: readonly string[];
  /** Only tests whose names match this are run (vitest's -t). */
  named?: string;
  /** What is wrong then. */
  why: string;
}

/** Tests that hold a file, where they are the same for several mistakes. */
interface Held {
  test: string | readonly string[];
  named?: string;
}

type Line = [name: string, find: string, replace: string, why: string];

/** Mistakes in one file that the same tests must notice. Their ids are completed by the list of the room. */
export function plantedIn(file: string, { test, named }: Held, lines: readonly Line[]): Mutant[] {
  const tests = typeof test === 'string' ? [test] : test;
  return lines.map(([id, find, replace, why]) => ({
    ...{ id, file, find, replace, why, test: tests },
    ...(named !== undefined && { named }),
  }));
}

/** The file with the mistake in it. @throws Error where the text does not occur exactly once. */
export function withMistake(source: string, { id, file, find, replace }: Mutant): string {
  const times = source.split(find).length - 1;
  if (times !== 1)
    throw new Error(
      `The text of the planted mistake ${id} occurs ${times} times in ${file}: ${find}. Find another line of the same kind there, or take the mistake out of the list.`,
    );
  return source.replace(find, () => replace);
}
