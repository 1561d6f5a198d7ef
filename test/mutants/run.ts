/**
 * `npm run test:mutants`: plants mistakes one by one in a copy of the checkout, runs the tests that must notice, and
 * says which did not. `-- --only <part of an id>`, or several with commas between them, for some of them; `--json` for
 * scripts.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { mutants } from './index.ts';
import { type Mutant, withMistake } from './mutant.ts';
import { copyOfCheckout } from './scratch.ts';
import { summary, type Tried } from './summary.ts';
import { TestRunner } from './tests.ts';

/** Share of the planted mistakes that a test has to notice. */
const goal = 0.95;

const { values } = parseArgs({
  options: { only: { type: 'string', multiple: true }, json: { type: 'boolean', default: false } },
});
const wanted = values.only?.flatMap((parts) => parts.split(',')) ?? [''];
const chosen = mutants.filter(({ id }) => wanted.some((part) => id.includes(part)));
const nowhere = wanted.find((part) => !mutants.some(({ id }) => id.includes(part)));
if (nowhere !== undefined) {
  console.error(`No planted mistake has "${nowhere}" in its id. The ids are in test/mutants/.`);
  process.exit(2);
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const copy = copyOfCheckout(root);
const tests = new TestRunner(copy);
const cleanUp = () => {
  tests.stop();
  rmSync(copy, { recursive: true, force: true, maxRetries: 5 });
};
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    cleanUp();
    // What is known by now is worth having.
    if (tried.length > 0) print();
    process.exit(signal === 'SIGINT' ? 130 : 143);
  });
}

const started = performance.now();
const tried: Tried[] = [];
try {
  for (const mutant of chosen) {
    tried.push(await attempt(mutant));
    tell(tried.at(-1) as Tried);
  }
} finally {
  cleanUp();
}
process.exitCode = print() >= goal ? 0 : 1;

/** Tells the score so far, and returns it. */
function print(): number {
  const { text, score } = summary(tried);
  process.stdout.write(values.json ? `${JSON.stringify({ score, goal, tried }, null, 2)}\n` : text);
  return score;
}

async function attempt(mutant: Mutant): Promise<Tried> {
  const path = join(copy, mutant.file);
  const source = readFileSync(path, 'utf8');
  const before = performance.now();
  const tell = ({ verdict, by }: Pick<Tried, 'verdict' | 'by'>): Tried => ({
    ...{ id: mutant.id, file: mutant.file, why: mutant.why, verdict, by },
    seconds: Math.round((performance.now() - before) / 100) / 10,
  });
  // What fails without the mistake as well would notice any.
  const whole = await tests.passing(mutant);
  if (whole !== null) return tell({ verdict: 'broken', by: `without the mistake: ${whole}` });
  writeFileSync(path, withMistake(source, mutant));
  try {
    return tell(await tests.run(mutant));
  } finally {
    writeFileSync(path, source);
  }
}

function tell({ id, verdict, by, seconds }: Tried): void {
  const spent = (performance.now() - started) / 1000;
  const left = (spent / tried.length) * (chosen.length - tried.length);
  const note = verdict === 'caught' ? '' : `  ${by}`;
  process.stderr.write(
    `${tried.length}/${chosen.length} ${verdict.padEnd(9)} ${id} (${seconds} s; ${Math.ceil(left / 60)} min left)${note}\n`,
  );
}
