/** The outcome of one runner. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  /** One sentence for each skipped test: its name and why it was skipped. */
  readonly skipped: readonly string[];
}

export const nothing: Counts = { passed: 0, failed: 0, skipped: [] };

/** The sum over runners. */
export const sum = (counts: readonly Counts[]): Counts => ({
  passed: counts.reduce((total, { passed }) => total + passed, 0),
  failed: counts.reduce((total, { failed }) => total + failed, 0),
  skipped: counts.flatMap(({ skipped }) => skipped),
});

/** The closing line: `N passed, N failed, N skipped`. */
export const closingLine = ({ passed, failed, skipped }: Counts): string =>
  `${passed} passed, ${failed} failed, ${skipped.length} skipped`;

/** Nothing failed, and something ran. */
export const isSuccess = ({ passed, failed }: Counts): boolean => failed === 0 && passed > 0;

interface VitestReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

/**
 * Counts of vitest's JSON report. A file that failed as a whole, and a run that failed although no test did
 * (an unhandled error), count as one failure each.
 */
export function countsOfVitest(json: string, exitCode: number): Counts {
  const { testResults } = JSON.parse(json) as VitestReport;
  const tests = testResults.flatMap(({ assertionResults }) => assertionResults);
  const withStatus = (...wanted: string[]) => tests.filter(({ status }) => wanted.includes(status));
  const brokenFiles = testResults.filter(
    ({ status, assertionResults }) =>
      status === "failed" && !assertionResults.some((assertion) => assertion.status === "failed"),
  );
  const failed = withStatus("failed").length + brokenFiles.length;
  return {
    passed: withStatus("passed").length,
    failed: failed === 0 && exitCode !== 0 ? 1 : failed,
    skipped: withStatus("pending", "skipped", "todo", "disabled").map(({ fullName }) => fullName),
  };
}

/** Counts of the output of `python -m unittest -v`. A run that failed without saying how counts as one failure. */
export function countsOfUnittest(output: string, exitCode: number): Counts {
  const number = (pattern: RegExp): number => Number(pattern.exec(output)?.[1] ?? 0);
  const summary = /^(?:OK|FAILED)\b.*$/m.exec(output)?.[0] ?? "";
  const inSummary = (word: string): number => Number(new RegExp(`\\b${word}=(\\d+)`).exec(summary)?.[1] ?? 0);
  const failed = inSummary("failures") + inSummary("errors") + inSummary("unexpected successes");
  const skipped = Array.from(output.matchAll(/^(\S+).*? \.\.\. skipped (.*)$/gm), ([, name, why]) => `${name}: ${why}`);
  return {
    passed: Math.max(0, number(/^Ran (\d+) tests? in/m) - failed - inSummary("skipped")),
    failed: failed === 0 && exitCode !== 0 ? 1 : failed,
    skipped,
  };
}
