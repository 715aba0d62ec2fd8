export type { CliContext } from "./context.ts";
export { exitCode, exitCodes } from "./exit-codes.ts";
export { runCli } from "./program.ts";
export type { Terminal } from "./terminal.ts";
