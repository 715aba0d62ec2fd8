import { type Command, CommanderError } from "commander";
import type { CliContext, CommandContext } from "./context.ts";
import { type ExitName, exitCode, exitCodeHelp } from "./exit-codes.ts";
import { oneLine } from "./progress.ts";
import type { Terminal } from "./terminal.ts";
import { explain } from "./user-error.ts";

/** Gives a program its commands, and all of them what they have in common. Nothing in it ends the process. */
export function withCommands(program: Command, commands: readonly Command[], terminal: Terminal): Command {
  program.option("--debug", "show where an unexpected error comes from");
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

/** Runs one command line (without node and script) of the program that `build` makes, and returns the exit code. */
export async function runCommandLine<C extends CliContext>(
  words: readonly string[],
  context: C,
  build: (context: C & CommandContext) => Command,
): Promise<number> {
  let exit: ExitName = "Done";
  const endWith = (name: ExitName) => {
    exit = name;
  };
  const program = build({ ...context, endWith });
  try {
    await program.parseAsync(words, { from: "user" });
    return exitCode(exit);
  } catch (error) {
    return failed(error, program.name(), words, context);
  }
}

function failed(error: unknown, program: string, words: readonly string[], { terminal }: CliContext): number {
  // Commander has written its own message; help and version come the same way, with code 0.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCode("Usage");
  const { exit, message } = explain(error);
  terminal.error(`${program}: ${oneLine(message)}\n`);
  if (words.includes("--debug") && error instanceof Error) terminal.error(`${error.stack}\n`);
  return exitCode(exit);
}
