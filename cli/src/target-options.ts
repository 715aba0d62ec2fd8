import type { Percentile, ServiceLevelTarget } from "@sweetspot/crds";
import type { Command } from "commander";
import { UserError } from "./user-error.ts";
import { parseLatency } from "./values.ts";

const options: readonly { readonly key: keyof TargetOptions; readonly percentile: Percentile }[] = [
  { key: "p50", percentile: "P50" },
  { key: "p90", percentile: "P90" },
  { key: "p95", percentile: "P95" },
  { key: "p99", percentile: "P99" },
  { key: "p999", percentile: "P999" },
];

/** Latency targets in milliseconds as they were given on the command line. */
export interface TargetOptions {
  readonly p50?: number;
  readonly p90?: number;
  readonly p95?: number;
  readonly p99?: number;
  readonly p999?: number;
}

/** Adds `--p50` to `--p999` to a command. */
export function addTargetOptions(command: Command): Command {
  for (const { key, percentile } of options) {
    const share = percentile === "P999" ? "99.9" : percentile.slice(1);
    command.option(`--${key} <duration>`, `${share} % of the requests answered within this time`, parseLatency);
  }
  return command;
}

/** The one target that was given; `fallback` where none is needed. Throws `UserError` for none or several. */
export function targetOf(given: TargetOptions, fallback?: ServiceLevelTarget): ServiceLevelTarget {
  const targets = options.flatMap(({ key, percentile }) => {
    const latencyMilliseconds = given[key];
    return latencyMilliseconds === undefined ? [] : [{ percentile, latencyMilliseconds }];
  });
  const [target] = targets;
  if (targets.length > 1) throw new UserError("Usage", "There are several latency targets. Give exactly one.");
  if (target !== undefined) return target;
  if (fallback !== undefined) return fallback;
  throw new UserError(
    "Usage",
    "There is no latency target. Give one of --p50, --p90, --p95, --p99, --p999: --p99 50ms.",
  );
}
