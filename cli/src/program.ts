import { createRequire } from "node:module";
import { Command } from "commander";
import { compareCommand } from "./compare-command.ts";
import type { CliContext, CommandContext } from "./context.ts";
import { doctorCommand } from "./doctor-command.ts";
import { exportCommand } from "./export-command.ts";
import { fetchCommand } from "./fetch-command.ts";
import { loadCommand } from "./load-command.ts";
import { replanCommand } from "./replan-command.ts";
import { reportCommand } from "./report-command.ts";
import { runCommandLine, withCommands } from "./run-command-line.ts";
import { serveCommand } from "./serve-command.ts";
import { tuneCommand } from "./tune-command.ts";
import { whatIfCommand } from "./what-if-command.ts";

const { version } = createRequire(import.meta.url)("../package.json") as { readonly version: string };

/** The whole command with its subcommands. Nothing in it ends the process. */
export function buildProgram(context: CommandContext): Command {
  const program = new Command("sweetspot")
    .description("Finds, applies and keeps the best way to serve a model")
    .version(version);
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
    fetchCommand(context),
  ];
  return withCommands(program, commands, context.terminal);
}

/** Runs one command line (without node and script) and returns the exit code. */
export const runCli = (words: readonly string[], context: CliContext): Promise<number> =>
  runCommandLine(words, context, buildProgram);
