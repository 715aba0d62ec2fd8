/** One column of a table in plain text. */
export interface Column {
  readonly title: string;
  readonly align?: "left" | "right";
}

/**
 * A table for people who read a terminal: columns aligned, two spaces between them, no frame. Control characters are
 * replaced, since names come from model files and servers.
 */
export function textTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const cells = [columns.map(({ title }) => title), ...rows.map((row) => row.map(printable))];
  const widths = columns.map((_, index) => Math.max(...cells.map((row) => row[index]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    columns
      .map(({ align }, index) => {
        const text = row[index] ?? "";
        return align === "right" ? text.padStart(widths[index] ?? 0) : text.padEnd(widths[index] ?? 0);
      })
      .join("  ")
      .trimEnd();
  return cells.map(line).join("\n");
}

/** A text that cannot move the cursor, change colours or start a new line. */
export const printable = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, "?");
