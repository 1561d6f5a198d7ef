/** The value below which a share of all values is, by nearest rank. NaN of nothing. */
export function quantile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
export const median = (values: number[]) => quantile(values, 0.5);
export const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** "12.3" or "–" where nothing was measured. */
export const show = (value: number | undefined, digits = 1) =>
  value === undefined || Number.isNaN(value) ? '–' : value.toFixed(digits);

/** Prints rows under a head, columns aligned. */
export function printTable(head: string[], rows: string[][]): void {
  const widths = head.map((name, i) => Math.max(name.length, ...rows.map((row) => row[i].length)));
  for (const row of [head, ...rows])
    console.log(row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  '));
}

/** Prints whether a goal was reached. */
export function printGoal(goal: string, measured: string, reached: boolean): void {
  console.log(`${reached ? 'reached    ' : 'NOT REACHED'}  ${goal}: ${measured}`);
}
