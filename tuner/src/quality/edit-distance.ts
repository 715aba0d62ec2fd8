/**
 * Insertions, deletions and substitutions that turn one sequence into the other (Levenshtein, 1966), by dynamic
 * programming over one row: time a.length x b.length.
 */
export function editDistance(a: readonly number[], b: readonly number[]): number {
  const row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, item] of a.entries()) {
    // distances of a[0..i) to b[0..j - 1), the cell up and to the left
    let diagonal = row[0] as number;
    row[0] = i + 1;
    for (let j = 1; j <= b.length; j += 1) {
      const above = row[j] as number;
      const substituted = diagonal + (item === b[j - 1] ? 0 : 1);
      row[j] = Math.min(substituted, above + 1, (row[j - 1] as number) + 1);
      diagonal = above;
    }
  }
  return row[b.length] as number;
}
