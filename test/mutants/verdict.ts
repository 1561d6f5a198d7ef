/** What became of a planted mistake. */
export type Verdict =
  /** A test failed. */
  | 'caught'
  /** All tests passed. */
  | 'survived'
  /** Tests failed by taking too long, and none otherwise. */
  | 'timed out'
  /** A test file could not be loaded, or nothing was run: no test has said anything. */
  | 'broken';

/** What vitest's JSON reporter writes, as far as it is read here. */
export interface Report {
  testResults: {
    status: string;
    /** Why the file itself failed: it does not load, or what comes before its tests failed. */
    message: string;
    assertionResults: { status: string; fullName: string; failureMessages?: string[] | null }[];
  }[];
}

const tookTooLong = /^(?:Error: )?(?:Test|Hook) timed out in \d+ms/;

/** @param report null where vitest wrote none, or was ended because it took too long. */
export function verdictOf(report: Report | null): { verdict: Verdict; by: string } {
  if (!report) return { verdict: 'broken', by: 'vitest wrote no report' };
  const tests = report.testResults.flatMap(({ assertionResults }) => assertionResults);
  const failed = tests.filter(({ status }) => status === 'failed');
  const real = failed.find(({ failureMessages }) => !failureMessages?.every((message) => tookTooLong.test(message)));
  if (real) return { verdict: 'caught', by: real.fullName };
  if (failed.length > 0) return { verdict: 'timed out', by: failed[0].fullName };
  const unloaded = report.testResults.find(({ status, message }) => status === 'failed' && message !== '');
  if (unloaded) return { verdict: 'broken', by: unloaded.message.split('\n')[0] };
  if (!tests.some(({ status }) => status === 'passed')) return { verdict: 'broken', by: 'no test was run' };
  return { verdict: 'survived', by: '' };
}
