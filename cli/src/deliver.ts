import type { TuningReport } from "@sweetspot/crds";
import type { DeliverySources } from "@sweetspot/tuner";
import type { CliContext } from "./context.ts";
import { explain } from "./user-error.ts";

/** What a killed tuner leaves behind: it cannot say anything any more. */
const killed =
  "The tuner ended without an answer: it was killed, for want of memory or because its time was up. Give the target more memory, or the tuning a longer budget.";

/**
 * Runs a tuning whose result goes to `file`. The file holds a failure from the start on, so that also a killed tuner
 * leaves a sentence behind; an error is written over it and thrown again. Throws `OutputError` where the file cannot be
 * written at the start, when nothing is lost yet.
 */
export async function deliverFailures(file: string, tuning: () => Promise<void>): Promise<void> {
  const { failure, writeResult } = await import("@sweetspot/tuner");
  await writeResult(file, failure(killed));
  try {
    await tuning();
  } catch (error) {
    // Where the file cannot be written either, the error itself is the better one to end with.
    await writeResult(file, failure(explain(error).message)).catch(() => undefined);
    throw error;
  }
}

/** Prints the documents as records to stdout, and then writes the result: who finds it there finds the records too. */
export async function deliver(
  report: TuningReport,
  file: string,
  sources: DeliverySources,
  { terminal }: CliContext,
): Promise<void> {
  const { deliveryOf, summarizeReport, writeResult } = await import("@sweetspot/tuner");
  terminal.error(`\n${summarizeReport(report)}\n`);
  const { result, lines } = await deliveryOf(report, sources);
  for (const line of lines) terminal.out(`${line}\n`);
  await writeResult(file, result);
}
