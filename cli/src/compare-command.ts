import { Command } from "commander";
import type { CliContext } from "./context.ts";
import { readReport } from "./report-files.ts";

interface CompareOptions {
  readonly json?: boolean;
}

/** `sweetspot compare A B`: what changed from one tuning to another. */
export const compareCommand = (context: CliContext): Command =>
  new Command("compare")
    .description("Compare two tunings: environment, tables, winner, quality")
    .argument("<before>", "the folder that the first tuning wrote, or its report.json")
    .argument("<after>", "likewise of the second one")
    .option("--json", "print the comparison as one JSON document")
    .action((before: string, after: string, options: CompareOptions) => runCompare(before, after, options, context));

async function runCompare(before: string, after: string, options: CompareOptions, { terminal }: CliContext) {
  const [first, second] = [await readReport(before), await readReport(after)];
  const { compareReports, summarizeComparison } = await import("@sweetspot/tuner");
  const comparison = compareReports(first.report, second.report);
  terminal.out(`${options.json ? JSON.stringify(comparison, null, 2) : summarizeComparison(comparison)}\n`);
}
