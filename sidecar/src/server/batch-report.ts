import type { QueuedRequest } from "@sweetspot/planner";
import type { AssembledBatch } from "../batch/assemble.ts";
import { SplitError } from "../batch/split.ts";
import { EngineFailure, type EngineFailureKind } from "../engine/engine.ts";

/** How a batch fails: in the engine, because its outputs cannot be cut into rows, or through a fault of the server. */
export type BatchFailureKind = EngineFailureKind | "Unsplittable" | "Internal";

/** One finished batch, for telemetry. */
export interface BatchReport {
  readonly requests: number;
  readonly rows: number;
  /** Sum of rows x length as the requests brought them, and as the engine computed them. */
  readonly usefulLength: number;
  readonly paddedLength: number;
  readonly engineMicroseconds: number;
  /** What the cost table says; null without one. */
  readonly expectedMicroseconds: number | null;
}

export interface DispatchObserver {
  batchFinished(report: BatchReport): void;
  /** `message` may hold engine text: for the log only. */
  batchFailed(kind: BatchFailureKind, message: string, requests: number): void;
}

/** What went wrong with a batch, whatever was thrown. */
export function failureKind(error: unknown): BatchFailureKind {
  if (error instanceof EngineFailure) return error.kind;
  return error instanceof SplitError ? "Unsplittable" : "Internal";
}

/** What telemetry learns of a finished batch. */
export function reportOf(
  entries: readonly Pick<QueuedRequest, "rows" | "length">[],
  { rows, length }: AssembledBatch,
  engineMicroseconds: number,
  expectedMicroseconds: number | null,
): BatchReport {
  return {
    requests: entries.length,
    rows,
    usefulLength: entries.reduce((sum, entry) => sum + entry.rows * entry.length, 0),
    paddedLength: rows * length,
    engineMicroseconds,
    expectedMicroseconds,
  };
}
