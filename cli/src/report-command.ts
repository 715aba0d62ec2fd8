import { join } from "node:path";
import { Command } from "commander";
import type { CliContext } from "./context.ts";
import { readReport, writeWhole } from "./report-files.ts";

interface ReportOptions {
  readonly json?: boolean;
  readonly out?: string;
}

/** `sweetspot report DIR`: says again what was decided, and writes `report.html` anew. */
export const reportCommand = (context: CliContext): Command =>
  new Command("report")
    .description("Show the decision of a tuning, and write its report as HTML again")
    .argument("<dir>", "the folder that tuning wrote, or its report.json")
    .option("--out <file>", "where to write the HTML (default: report.html in the folder)")
    .option("--json", "print the report as one JSON document")
    .action((path: string, options: ReportOptions) => runReport(path, options, context));

async function runReport(path: string, options: ReportOptions, { terminal }: CliContext): Promise<void> {
  const { report, directory } = await readReport(path);
  const { renderReport, summarizeReport } = await import("@sweetspot/tuner");
  const file = options.out ?? (directory === null ? null : join(directory, "report.html"));
  if (file !== null) {
    await writeWhole(file, renderReport(report));
    terminal.error(`Wrote ${file}\n`);
  }
  terminal.out(options.json ? `${JSON.stringify(report, null, 2)}\n` : `${summarizeReport(report)}\n`);
}
