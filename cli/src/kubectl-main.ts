#!/usr/bin/env node
import { openCluster } from "./kubectl/open-cluster.ts";
import { runKubectl } from "./kubectl/program.ts";
import { processTerminal } from "./terminal.ts";

const code = await runKubectl(process.argv.slice(2), {
  terminal: processTerminal(),
  signals: { source: process, now: () => performance.now() },
  endNow: (code) => process.exit(code),
  loadTuner: () => import("@sweetspot/tuner"),
  openCluster,
  now: () => Date.now(),
});
process.stdout.write("", () => process.exit(code));
