import { join, relative, resolve } from "node:path";
import { MadeVariant, QualityMetric, Task, type TuningReport } from "@sweetspot/crds";
import { Command } from "commander";
import type { CliContext, CommandContext } from "./context.ts";
import { deliver, deliverFailures } from "./deliver.ts";
import { type ExitName, exitCode } from "./exit-codes.ts";
import { type Interrupts, watchInterrupts } from "./interrupts.ts";
import { keepInStore } from "./keep-in-store.ts";
import { checkModelDigest, parseDigest } from "./model-digest.ts";
import { type ProgressDisplay, progressDisplay } from "./progress.ts";
import { writeWhole } from "./report-files.ts";
import { addTargetOptions } from "./target-options.ts";
import { type TuneOptions, tuneRequestOf } from "./tune-request.ts";
import { explain, UserError } from "./user-error.ts";
import * as values from "./values.ts";

/** `sweetspot tune MODEL`: finds the best way to serve a model on this machine. */
export function tuneCommand(context: CommandContext): Command {
  const command = new Command("tune")
    .description("Find the best way to serve a model on this machine within a latency target")
    .argument("<model>", "the ONNX model file");
  return addTargetOptions(command)
    .option("--budget <duration>", "how long tuning may take", values.parseSeconds, 60)
    .option("--samples <file>", "representative inputs: .jsonl (inference requests) or .txt (one text a line)")
    .option("--tokenizer <file>", "the model's tokenizer.json, for texts")
    .option("--out <dir>", "folder for the results (default: ./sweetspot-MODELNAME)")
    .option("--model-digest <digest>", "measure no other file than this one", parseDigest)
    .option("--name <name>", "name to serve the model under (default: from the file)", values.parseName)
    .option(
      "--task <task>",
      `what the model is for: ${Task.options.join(", ")}`,
      values.oneWord(Task.options),
      "Generic",
    )
    .option(
      "--metric <metric>",
      `how quality is judged (default: by task): ${QualityMetric.options.join(", ")}`,
      values.oneWord(QualityMetric.options),
    )
    .option("--output <name>", "serve only this output; may be given several times", values.repeated)
    .option("--max-quality-loss <percent>", "loss of quality that a variant may have", values.parseBasisPoints, 100)
    .option("--unchecked-quality", "let a lossy variant win without proof of its quality")
    .option(
      "--variants <list>",
      "variants to consider, separated by commas (default: by budget)",
      values.wordList(MadeVariant.options),
    )
    .option("--variant <name=file>", "a model of your own to consider, such as a distilled one", values.namedFiles)
    .option("--rate <number>", "requests per second that one server should carry", values.parsePositive)
    .option("--seed <number>", "seed of everything random", values.wholeNumber(0, 2 ** 31 - 1), 1)
    .option("--fail-if-infeasible", "end with code 5 when the target cannot be met at all")
    .option("--json", "print the report as one JSON document")
    .option(
      "--deliver <file>",
      "as a Job: write the result in short to this file, and the documents to stdout as records",
    )
    .option("--artifacts <dir>", "the artifact store in which the models that were made and the report are kept")
    .action((model: string, options: TuneOptions) => runTune(model, options, context));
}

async function runTune(model: string, options: TuneOptions, context: CommandContext): Promise<void> {
  if (options.deliver === undefined) return tuneHere(model, options, context);
  if (options.json || options.failIfInfeasible) {
    throw new UserError(
      "Usage",
      "With --deliver the output is for a machine. Leave out --json and --fail-if-infeasible.",
    );
  }
  await deliverFailures(resolve(options.deliver), () => tuneHere(model, options, context));
}

async function tuneHere(model: string, options: TuneOptions, context: CommandContext): Promise<void> {
  const request = tuneRequestOf(model, options);
  const { terminal } = context;
  const display = progressDisplay(terminal);
  const interrupts = watchInterrupts(
    () => display.note("Stopping; the best so far is kept. Press Ctrl-C again to end at once."),
    () => context.endNow(exitCode("Interrupted")),
    context.signals,
  );
  try {
    await checkModelDigest(request.modelFile, options.modelDigest);
    const { tune } = await context.loadTuner();
    const hooks = { signal: interrupts.signal, progress: display.show.bind(display) };
    const { report, directory } = await tune(request, hooks);
    display.end();
    if (options.deliver !== undefined) {
      await deliver(report, resolve(options.deliver), { directory, modelFile: request.modelFile }, context);
      // Only now: a Job that is killed while it writes to a slow store has delivered its answer.
      await keepInStore(report, directory, options.artifacts, context);
      return;
    }
    await present(report, directory, options, context);
    await keepInStore(report, directory, options.artifacts, context);
    context.endWith(exitOf(report, options, interrupts));
  } catch (error) {
    throw interruptedBeforeResult(error, interrupts, display);
  } finally {
    interrupts.release();
  }
}

async function present(report: TuningReport, directory: string, options: TuneOptions, { terminal }: CliContext) {
  const { renderReport, summarizeReport } = await import("@sweetspot/tuner");
  await writeWhole(join(directory, "report.html"), renderReport(report));
  const folder = relative(process.cwd(), directory) || ".";
  terminal.error(`Wrote report.html, report.json and plan.json to ${folder}\n`);
  if (options.json) {
    terminal.out(`${JSON.stringify(report, null, 2)}\n`);
    return;
  }
  terminal.out(`\n${summarizeReport(report)}\n\nServe it: sweetspot serve --plan ${join(folder, "plan.json")}\n`);
}

/** An interrupted run is told from a complete one, whatever else holds; an infeasible target is an answer. */
function exitOf(report: TuningReport, options: TuneOptions, { signal }: Interrupts): ExitName {
  if (signal.aborted && !report.completed) return "Interrupted";
  return options.failIfInfeasible && !report.decision.feasible ? "Infeasible" : "Done";
}

function interruptedBeforeResult(error: unknown, { signal }: Interrupts, display: ProgressDisplay): unknown {
  display.end();
  // What is wrong with the request is wrong whether it was interrupted or not.
  if (!signal.aborted || explain(error).exit !== "Unexpected") return error;
  return new UserError("Interrupted", "Stopped before anything was found out. Run again, or give more time.");
}
