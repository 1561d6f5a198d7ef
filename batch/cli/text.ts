/** Text for people's terminals. */

/** Columns padded to their widest cell, two spaces between them. `right` lists the columns of numbers. */
export function table(head: string[], rows: string[][], { right = [] }: { right?: number[] } = {}): string {
  const widths = head.map((cell, column) => Math.max(cell.length, ...rows.map((row) => row[column].length)));
  return [head, ...rows]
    .map((row) =>
      row
        .map((cell, column) => (right.includes(column) ? cell.padStart(widths[column]) : cell.padEnd(widths[column])))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Bytes as a person reads them: "512 kB", "27.9 MB". */
export function megabytes(bytes: number): string {
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(0)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
