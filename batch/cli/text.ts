/** Text for people's terminals. */

export { megabytes } from '#shared/errors';

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

/** Seconds as a clock shows them. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const minutes = Math.floor(whole / 60);
  const two = (value: number) => String(value).padStart(2, '0');
  return minutes < 60
    ? `${minutes}:${two(whole % 60)}`
    : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`;
}
