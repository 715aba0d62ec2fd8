import type { DoctorReport } from "@sweetspot/crds";
import { Command } from "commander";
import type { CommandContext } from "./context.ts";
import { doctorLines, doctorTable } from "./doctor-table.ts";
import { watchMachine } from "./doctor-watch.ts";
import { exitCode } from "./exit-codes.ts";
import { type Interrupts, watchInterrupts } from "./interrupts.ts";
import { explain, UserError } from "./user-error.ts";
import * as values from "./values.ts";

interface DoctorCommandOptions {
  readonly json?: boolean;
  readonly watch?: boolean;
  readonly seconds?: number;
}

const defaultSeconds = 2;
const longestSeconds = 86_400;

/** `sweetspot doctor [MODEL]`: says whether this machine is fit to serve and to be measured, and what to do. */
export const doctorCommand = (context: CommandContext): Command =>
  new Command("doctor")
    .description("Examine this machine: versions, CPUs, limits, neighbours and noise, and what to do about them")
    .argument("[model]", "an ONNX model, whose batches the noise test then times")
    .option("--watch", "show what each CPU and the busiest processes do, until Ctrl-C")
    .option(
      "--seconds <number>",
      `how long to look, and to test the noise (default: ${defaultSeconds}), or how long to watch`,
      values.wholeNumber(1, longestSeconds),
    )
    .option("--json", "print the report as one JSON document")
    .action((model: string | undefined, options: DoctorCommandOptions) => runDoctor(model, options, context));

async function runDoctor(
  model: string | undefined,
  options: DoctorCommandOptions,
  context: CommandContext,
): Promise<void> {
  if (options.watch && (options.json || model !== undefined)) {
    throw new UserError("Usage", "--watch shows the machine as it goes on. Leave out --json and the model.");
  }
  const interrupts = watchInterrupts(
    () => {},
    () => context.endNow(exitCode("Interrupted")),
    context.signals,
  );
  try {
    if (options.watch) await watchMachine(options.seconds, interrupts.signal, context.terminal);
    else await examine(model, options, context, interrupts);
  } finally {
    interrupts.release();
  }
}

async function examine(
  modelFile: string | undefined,
  options: DoctorCommandOptions,
  { terminal, endWith }: CommandContext,
  { signal }: Interrupts,
): Promise<void> {
  const { examineMachine } = await import("@sweetspot/tuner");
  const report = await examineMachine({
    seconds: options.seconds ?? defaultSeconds,
    ...(modelFile === undefined ? {} : { modelFile }),
    signal,
    say: (message) => terminal.error(`${message}\n`),
  }).catch((error: unknown) => {
    throw signal.aborted && explain(error).exit === "Unexpected" ? stopped : error;
  });
  terminal.out(shown(report, options, terminal));
  if (report.findings.some(({ state }) => state === "Problem")) endWith("ProblemFound");
}

const stopped = new UserError("Interrupted", "Stopped before the examination was over. Run again.");

function shown(
  report: DoctorReport,
  { json }: DoctorCommandOptions,
  { outInteractive, columns }: CommandContext["terminal"],
): string {
  if (json) return `${JSON.stringify(report, null, 2)}\n`;
  return `${outInteractive ? doctorTable(report, columns) : doctorLines(report)}\n`;
}
