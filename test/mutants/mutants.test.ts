import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { mutants } from './index.ts';
import { withMistake } from './mutant.ts';
import { summary, type Tried } from './summary.ts';
import { type Report, verdictOf } from './verdict.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string) => readFileSync(root + path, 'utf8');

describe('the list of planted mistakes', () => {
  test('is large, and names each once', () => {
    expect(mutants.length).toBeGreaterThanOrEqual(180);
    expect(new Set(mutants.map(({ id }) => id)).size).toBe(mutants.length);
  });

  test.each(mutants)('$id still applies: one line, found once, and the file can still be read', (mutant) => {
    expect(mutant.find).not.toContain('\n');
    expect(mutant.replace).not.toBe(mutant.find);
    expect(() => stripTypeScriptTypes(withMistake(read(mutant.file), mutant))).not.toThrow();
  });

  test('names test files that there are', () => {
    const files = new Set(mutants.flatMap((mutant) => mutant.test));
    for (const file of files) expect(read(file), file).toContain('test');
  });

  test('says which line is no longer there, or there twice', () => {
    const [mutant] = mutants;
    expect(() => withMistake('', mutant)).toThrow(/occurs 0 times in .*Find another line/);
    expect(() => withMistake(mutant.find + mutant.find, mutant)).toThrow(/occurs 2 times/);
  });
});

describe('a verdict', () => {
  const report = (tests: [status: string, message?: string][], message = ''): Report => ({
    testResults: [
      {
        status: message || tests.some(([status]) => status === 'failed') ? 'failed' : 'passed',
        message,
        assertionResults: tests.map(([status, why], i) => ({
          ...{ status, fullName: `test ${i}`, failureMessages: why ? [why] : [] },
        })),
      },
    ],
  });
  const late = 'Error: Test timed out in 60000ms.\nIf this is a long-running test';

  test.each([
    ['caught', report([['passed'], ['failed', 'AssertionError: expected 1 to be 2']])],
    [
      'caught',
      report([
        ['failed', late],
        ['failed', 'TypeError: x is not a function'],
      ]),
    ],
    ['survived', report([['passed'], ['skipped']])],
    ['timed out', report([['passed'], ['failed', late]])],
    ['broken', report([], 'Transform failed with 1 error')],
    ['broken', report([['skipped']])],
    ['broken', null],
  ])('is %s', (verdict, given) => {
    expect(verdictOf(given).verdict).toBe(verdict);
  });
});

test('the score is the share that a test noticed, and names the others', () => {
  const of = (id: string, verdict: Tried['verdict']): Tried => ({
    ...{ id, file: 'a.ts', why: 'the sum is right', verdict, by: '', seconds: 1 },
  });
  const { text, score } = summary([
    of('a/one', 'caught'),
    of('a/two', 'survived'),
    of('b/one', 'caught'),
    of('b/x', 'broken'),
  ]);
  expect(score).toBe(0.5);
  expect(text).toMatch(/^a +2 +1 +50\.0 %$/m);
  expect(text).toContain('survived: a/two (a.ts): the sum is right');
  expect(text).not.toContain('b/one');
});
