// Plain tables for people: columns as wide as their widest cell, numbers to the right.

/** Lines of a table with a header; `rightAligned` names columns by index. */
export function formatTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  rightAligned: ReadonlySet<number> = new Set(),
): string {
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const lines = [header, widths.map((width) => '-'.repeat(width)), ...rows].map((row) =>
    row
      .map((cell, column) =>
        rightAligned.has(column)
          ? cell.padStart(widths[column] ?? 0)
          : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
  return lines.join('\n');
}

const thousands = new Intl.NumberFormat('en-US');

export function formatCount(value: number): string {
  return thousands.format(Math.round(value));
}
