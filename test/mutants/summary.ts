import type { Verdict } from './verdict.ts';

/** A planted mistake, and what the tests made of it. */
export interface Tried {
  id: string;
  file: string;
  why: string;
  verdict: Verdict;
  /** The test that noticed, or what stood in the way. */
  by: string;
  seconds: number;
}

/** The table of rooms, what was not caught, and the share that was. */
export function summary(tried: readonly Tried[]): { text: string; score: number } {
  const caught = (of: readonly Tried[]) => of.filter(({ verdict }) => verdict === 'caught').length;
  const row = (name: string, of: readonly Tried[]) =>
    `${name.padEnd(12)} ${String(of.length).padStart(7)} ${String(caught(of)).padStart(6)} ${((100 * caught(of)) / of.length).toFixed(1).padStart(6)} %\n`;
  const rooms = [...Map.groupBy(tried, ({ id }) => id.split('/')[0])];
  const missed = tried.filter(({ verdict }) => verdict !== 'caught');
  const text = [
    `\n${'room'.padEnd(12)} planted caught  score\n`,
    ...rooms.map(([room, of]) => row(room, of)),
    row('all', tried),
    ...missed.map(({ id, verdict, file, why, by }) => `${verdict}: ${id} (${file}): ${why}${by && ` [${by}]`}\n`),
  ].join('');
  return { text, score: caught(tried) / tried.length };
}
