/** One thing that is wrong with a release. */
export interface Problem {
  key: string;
  problem: string;
}

/** More than anybody reads; a manifest may have as many as it has bytes. */
const MOST_PROBLEMS = 1000;

/** Whether there are so many that no further ones are looked for. */
export const isHopeless = (problems: readonly Problem[]) => problems.length > MOST_PROBLEMS;

export function addProblems(problems: Problem[], more: Iterable<Problem>): void {
  for (const one of more) {
    if (problems.length < MOST_PROBLEMS) problems.push(one);
    else if (problems.length === MOST_PROBLEMS)
      problems.push({ key: one.key, problem: 'is not the last one: what is wrong beyond this is not listed' });
    else return;
  }
}
