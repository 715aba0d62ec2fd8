import { ApiError } from "../protocol/errors.ts";
import type { BatchFailureKind } from "./batch-report.ts";
import { type Entry, fail, unsettled } from "./submission.ts";

/**
 * Batches that must run as they are, before anything from the line.
 *
 * A batch whose engine died, hung or refused it is split in two and each half is run again, so that the request that
 * causes it is found in log2(n) steps and its batch-mates are answered. Alone, a request gets one more try after a crash
 * and none after a refusal.
 */
export class Retries {
  #batches: Entry[][] = [];

  get isEmpty(): boolean {
    return this.#batches.length === 0;
  }

  /** All that wait here, settled ones too. */
  get entries(): readonly Entry[] {
    return this.#batches.flat();
  }

  /** No request here expires before this instant. */
  get earliestDeadline(): number {
    return Math.min(...this.entries.map(({ deadline }) => deadline));
  }

  /** A request that another dispatcher had in an engine. */
  add(entry: Entry): void {
    this.#batches.push([entry]);
  }

  /** The batch that is next, taken out; undefined where none waits. */
  next(): Entry[] | undefined {
    return this.#batches.shift();
  }

  clear(): void {
    this.#batches = [];
  }

  /** Answers those whose deadline has passed, and drops the settled ones. */
  expire(now: number): void {
    if (this.isEmpty) return;
    const late = this.entries.filter((entry) => entry.deadline <= now);
    for (const entry of late) fail(entry, new ApiError("DeadlineExpired"));
    this.#batches = this.#batches.map(unsettled).filter((batch) => batch.length > 0);
  }

  /** Takes a batch that failed in this way, to be tried again, or answers its last request where that helps no more. */
  recover(entries: readonly Entry[], kind: BatchFailureKind): void {
    const rest = unsettled(entries);
    if (kind === "Unavailable") {
      if (rest.length > 0) this.#batches.unshift(rest);
    } else if (entries.length > 1) {
      const half = Math.ceil(rest.length / 2);
      this.#batches.push(...[rest.slice(0, half), rest.slice(half)].filter((batch) => batch.length > 0));
    } else if (rest[0] !== undefined) {
      this.#recoverAlone(rest[0], kind);
    }
  }

  #recoverAlone(entry: Entry, kind: BatchFailureKind): void {
    entry.failuresAlone += 1;
    if (kind === "Rejected") fail(entry, new ApiError("RejectedByModel"));
    else if (kind === "Internal" || kind === "Unsplittable") fail(entry, new ApiError("InternalError"));
    else if (entry.failuresAlone > 1) fail(entry, new ApiError("EngineFailed"));
    else this.#batches.push([entry]);
  }
}
