/** Text for people's terminals. */

export { megabytes } from '../files/index.ts';

/** Columns padded to their widest cell, two spaces between them. `right` lists the columns of numbers. */
export function table(head: string[], rows: string[][], { right = [] }: { right?: number[] } = {}): string {
  const widths = head.map((cell, column) =>
    rows.reduce((widest, row) => Math.max(widest, row[column].length), cell.length),
  );
  return [head, ...rows]
    .map((row) =>
      row
        .map((cell, column) => (right.includes(column) ? cell.padStart(widths[column]) : cell.padEnd(widths[column])))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
