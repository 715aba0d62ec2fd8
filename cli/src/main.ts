#!/usr/bin/env node
import { takeTensorNodeFlags } from "@sweetspot/sidecar/node-flags";

if (["serve", "tune"].includes(process.argv[2] ?? "")) takeTensorNodeFlags();

// Only now: what a server imports need not be loaded twice.
const { runCli } = await import("./program.ts");
const { processTerminal } = await import("./terminal.ts");
const code = await runCli(process.argv.slice(2), {
  terminal: processTerminal(),
  signals: { source: process, now: () => performance.now() },
  endNow: (code) => process.exit(code),
  loadTuner: () => import("@sweetspot/tuner"),
});
// The command is over when its result is written, whatever timer may still be set somewhere.
process.stdout.write("", () => process.exit(code));
