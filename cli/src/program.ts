import { createRequire } from "node:module";
import { Command, CommanderError } from "commander";
import { compareCommand } from "./compare-command.ts";
import type { CliContext, CommandContext } from "./context.ts";
import { doctorCommand } from "./doctor-command.ts";
import { type ExitName, exitCode, exitCodeHelp } from "./exit-codes.ts";
import { exportCommand } from "./export-command.ts";
import { loadCommand } from "./load-command.ts";
import { oneLine } from "./progress.ts";
import { replanCommand } from "./replan-command.ts";
import { reportCommand } from "./report-command.ts";
import { serveCommand } from "./serve-command.ts";
import { tuneCommand } from "./tune-command.ts";
import { explain } from "./user-error.ts";
import { whatIfCommand } from "./what-if-command.ts";

const { version } = createRequire(import.meta.url)("../package.json") as { readonly version: string };

/** The whole command with its subcommands. Nothing in it ends the process. */
export function buildProgram(context: CommandContext): Command {
  const { terminal } = context;
  const program = new Command("sweetspot")
    .description("Finds, applies and keeps the best way to serve a model")
    .version(version)
    .option("--debug", "show where an unexpected error comes from");
  const commands = [
    tuneCommand(context),
    serveCommand(context),
    loadCommand(context),
    reportCommand(context),
    compareCommand(context),
    replanCommand(context),
    whatIfCommand(context),
    doctorCommand(context),
    exportCommand(context),
  ];
  for (const command of commands) program.addCommand(command.option("--debug", "show where an error comes from"));
  for (const command of [program, ...commands]) {
    command
      .exitOverride()
      .showHelpAfterError("Add --help to see how it is used.")
      .configureOutput({ writeOut: terminal.out, writeErr: terminal.error })
      .addHelpText("after", exitCodeHelp());
  }
  return program;
}

/** Runs one command line (without node and script) and returns the exit code. */
export async function runCli(words: readonly string[], context: CliContext): Promise<number> {
  let exit: ExitName = "Done";
  const endWith = (name: ExitName) => {
    exit = name;
  };
  try {
    await buildProgram({ ...context, endWith }).parseAsync(words, { from: "user" });
    return exitCode(exit);
  } catch (error) {
    return failed(error, words, context);
  }
}

function failed(error: unknown, words: readonly string[], { terminal }: CliContext): number {
  // Commander has written its own message; help and version come the same way, with code 0.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCode("Usage");
  const { exit, message } = explain(error);
  terminal.error(`sweetspot: ${oneLine(message)}\n`);
  if (words.includes("--debug") && error instanceof Error) terminal.error(`${error.stack}\n`);
  return exitCode(exit);
}
