/**
 * Hostile files of every kind through the real command line, under 5 s and 1 GB each, Ctrl-C tried on some: no crash,
 * no hang, no signal ignored, no stack trace, nothing written outside of the folder.
 *
 *   npm run bench:hostile -- --count 10000 --seed 1 --only models --jobs 2
 *   npm run bench:hostile -- --from 200 --count 400 --list cases.jsonl
 *
 * Each file of bench/hostile/ that exports `cases` makes cases. Memory is read from /proc, so on macOS only the time is
 * limited. Faults are listed, and the exit status is 1; a case is repeated by its seed and number alone. A long run is
 * done in pieces: --from leaves out the cases before a number, --count says where to end, and --list adds a line of
 * JSON for each case to a file, by which pieces are added up and the slowest are found.
 */
import { appendFileSync, readdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { random } from '#shared/synthetic';
import { type HostileCase, type Outcome, runCase } from './hostile/run-case.ts';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    jobs: { type: 'string', default: '2' },
    seconds: { type: 'string', default: '5' },
    from: { type: 'string', default: '0' },
    list: { type: 'string' },
  },
});
const [count, seed, jobs, seconds, from] = [values.count, values.seed, values.jobs, values.seconds, values.from].map(
  Number,
);
const oneGigabyte = 1e9;

/** Cases of all generators in turn, from one number on. */
async function* all(): AsyncGenerator<HostileCase> {
  const folder = new URL('./hostile/', import.meta.url);
  const makers: ((seed: number, from: number) => Iterable<HostileCase>)[] = [];
  for (const file of readdirSync(folder).sort()) {
    if (values.only && file !== `${values.only}.ts`) continue;
    const { cases } = await import(new URL(file, folder).href);
    if (typeof cases === 'function') makers.push(cases);
  }
  const [round, first] = [Math.floor(from / makers.length), from % makers.length];
  const generators = makers.map((cases, i) => cases(seed, i < first ? round + 1 : round)[Symbol.iterator]());
  for (let i = first; ; i++) yield generators[i % makers.length].next().value;
}

const source = all();
const outcomes: Outcome[] = [];
let next = from;

async function lane(): Promise<void> {
  while (next < count) {
    const number = next++;
    const { value: one } = await source.next();
    const draw = random(seed, `interrupt ${number}`);
    const interruptAfter = draw.below(8) === 0 ? 20 + draw.below(1500) : null;
    const outcome = await runCase(one, { seconds, bytes: oneGigabyte, interruptAfter });
    outcomes.push(outcome);
    const { output, ...rest } = outcome;
    if (values.list) appendFileSync(values.list, `${JSON.stringify({ number, ...rest })}\n`);
    if (outcome.fault) console.log(`${number}. ${outcome.name}: ${outcome.fault}\n   ${output.slice(0, 400)}`);
    if (outcomes.length % 100 === 0) console.log(`${outcomes.length} cases, ${faults()} faults`);
  }
}

const faults = () => outcomes.filter(({ fault }) => fault).length;

await Promise.all(Array.from({ length: Math.min(jobs, count) }, lane));
const statuses = Map.groupBy(outcomes, ({ status }) => status);
const slowest = outcomes.reduce((most, one) => Math.max(most, one.seconds), 0);
const largest = outcomes.reduce((most, one) => Math.max(most, one.bytes), 0);
console.log(
  `${outcomes.length} cases: ${[...statuses].map(([status, { length }]) => `${length} with exit ${status}`).join(', ')}; ${faults()} faults. Slowest ${slowest.toFixed(1)} s, largest ${(largest / 1e6).toFixed(0)} MB.`,
);
if (faults() > 0) process.exitCode = 1;
