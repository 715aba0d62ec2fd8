#!/usr/bin/env node
import { runCli } from "./program.ts";
import { processTerminal } from "./terminal.ts";

const code = await runCli(process.argv.slice(2), {
  terminal: processTerminal(),
  signals: { source: process, now: () => performance.now() },
  endNow: (code) => process.exit(code),
  loadTuner: () => import("@sweetspot/tuner"),
});
// The command is over when its result is written, whatever timer may still be set somewhere.
process.stdout.write("", () => process.exit(code));
