import { createRequire } from "node:module";
import { Command } from "commander";
import { runCommandLine, withCommands } from "../run-command-line.ts";
import type { KubectlCommandContext, KubectlContext } from "./context.ts";
import { explainCommand } from "./explain-command.ts";
import { historyCommand } from "./history-command.ts";
import { replayCommand } from "./replay-command.ts";
import { reportCommand, whatIfCommand } from "./report-command.ts";
import { requestCommands } from "./request-commands.ts";
import { statusCommand } from "./status-command.ts";

const { version } = createRequire(import.meta.url)("../../package.json") as { readonly version: string };

/** The plugin of kubectl with its subcommands. */
export function buildKubectl(context: KubectlCommandContext): Command {
  const program = new Command("kubectl-sweetspot")
    .usage("[options] [command]")
    .description("Shows how InferenceDeployments are served, and asks the operator for something")
    .version(version);
  const commands = [
    statusCommand(context),
    explainCommand(context),
    reportCommand(context),
    historyCommand(context),
    replayCommand(context),
    whatIfCommand(context),
    ...requestCommands(context),
  ];
  return withCommands(program, commands, context.terminal);
}

/** Runs one command line (without node and script) and returns the exit code. */
export const runKubectl = (words: readonly string[], context: KubectlContext): Promise<number> =>
  runCommandLine(words, context, buildKubectl);
