import { type BatchPolicy, engineAndVariant } from "@sweetspot/crds";
import type { PlanPoint } from "./plan-point.ts";

/** A name that tells points apart, fit for a file: `int8dynamic-2x1-b8-15ms-f2`. */
export function nameOf({ variant, layout, policy }: Pick<PlanPoint, "variant" | "layout" | "policy">): string {
  const threads = `${layout.instances}x${layout.threadsPerInstance}`;
  if (policy.maximumRows === 1) return `${variant.toLowerCase()}-${threads}-b1-f${policy.inFlightPerInstance}`;
  if (policy.former === "Fifo") return `${variant.toLowerCase()}-${threads}-b${policy.maximumRows}-in-order`;
  const { maximumBatchMicroseconds: cap } = policy;
  const hold = policy.holdMicroseconds === 0 ? "" : `-h${inName(policy.holdMicroseconds)}`;
  return `${variant.toLowerCase()}-${threads}-b${policy.maximumRows}-${inName(cap)}${hold}-f${policy.inFlightPerInstance}`;
}

const inName = (microseconds: number): string =>
  isShort(microseconds) ? `${microseconds}us` : `${Math.round(microseconds / 1000)}ms`;

/** Whole milliseconds would make the caps of a tight target look alike. */
const isShort = (microseconds: number): boolean => microseconds < 5000;

/** A point in words: "OnnxRuntime INT8Dynamic, 2x1 threads, batch <= 8 and 15 ms". */
export function summaryOf({ variant, layout, policy }: Pick<PlanPoint, "variant" | "layout" | "policy">): string {
  const threads = `${layout.instances}x${layout.threadsPerInstance} threads${layout.pinned ? ", pinned" : ""}`;
  const batch = batchInWords(policy);
  const hold = policy.holdMicroseconds === 0 ? "" : `, held for ${inWords(policy.holdMicroseconds)} at most`;
  const ahead = policy.inFlightPerInstance > 1 ? `, ${policy.inFlightPerInstance} batches in hand` : "";
  return `${engineAndVariant(variant)}, ${threads}, ${batch}${hold}${ahead}`;
}

function batchInWords({ former, maximumRows, maximumBatchMicroseconds: cap }: BatchPolicy): string {
  if (maximumRows === 1) return "no batching";
  return former === "Fifo"
    ? `batch <= ${maximumRows} in order of arrival`
    : `batch <= ${maximumRows} and ${inWords(cap)}`;
}

const inWords = (microseconds: number): string =>
  `${isShort(microseconds) ? microseconds / 1000 : Math.round(microseconds / 1000)} ms`;
