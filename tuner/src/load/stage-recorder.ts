import { badRequests, type LoadStage, type RequestCounts } from "@sweetspot/crds";
import { Measurements, nearestRank, summarizeLatency } from "./latency-summary.ts";
import type { Outcome } from "./request-sender.ts";

export type RequestClass = "good" | "late" | "refused" | "expired" | "failed" | "excluded";

/**
 * The one rule by which requests are counted. A request that was given up had no answer long after the target, and
 * counts as late; a redirect is no answer, and counts as failed.
 */
export function classify(outcome: Outcome, latencyMilliseconds: number, targetMilliseconds: number): RequestClass {
  if (outcome === "GivenUp") return "late";
  if (outcome === "NoConnection") return "failed";
  if (outcome >= 200 && outcome < 300) return latencyMilliseconds > targetMilliseconds ? "late" : "good";
  if (outcome === 503 || outcome === 429) return "refused";
  if (outcome === 504) return "expired";
  return outcome >= 400 && outcome < 500 ? "excluded" : "failed";
}

/** Collects the measurements of one stage. Instants are milliseconds since the stage began. */
export class StageRecorder {
  readonly counts: RequestCounts = { total: 0, late: 0, refused: 0, expired: 0, failed: 0, excluded: 0 };
  readonly #targetMilliseconds: number;
  readonly #latencies = new Measurements();
  readonly #sendDelays = new Measurements();
  #answered = 0;
  #waitedMilliseconds = 0;
  #lastAnswer = 0;

  constructor(targetMilliseconds: number) {
    this.#targetMilliseconds = targetMilliseconds;
  }

  get sent(): number {
    return this.#sendDelays.size;
  }

  recordSending(intended: number, now: number): void {
    this.#sendDelays.add(now - intended);
  }

  recordOutcome(outcome: Outcome, intended: number, now: number): void {
    const latency = now - intended;
    this.#waitedMilliseconds += latency;
    this.#count(classify(outcome, latency, this.#targetMilliseconds));
    // Refusals come fast and would flatter the percentiles; a request without an answer did make its client wait.
    if (outcome === "GivenUp" || isAnswer(outcome)) this.#latencies.add(latency);
    if (!isAnswer(outcome)) return;
    this.#answered++;
    this.#lastAnswer = now;
  }

  /** A client that left before its target passed: neither good nor bad. */
  recordLeaving(): void {
    this.counts.excluded++;
  }

  /** The result of the stage. `offered` is the intended rate; the achieved one when it is absent (closed loop). */
  result(seconds: number, offered?: number): LoadStage {
    const good = this.counts.total - badRequests(this.counts);
    return {
      offeredRequestsPerSecond: offered ?? Math.max(this.sent, 1) / seconds,
      seconds,
      counts: { ...this.counts },
      latencyMilliseconds: summarizeLatency(this.#latencies),
      goodRequestsPerSecond: good / seconds,
      answeredRequestsPerSecond: this.#lastAnswer === 0 ? 0 : (1000 * this.#answered) / this.#lastAnswer,
      concurrency: this.#waitedMilliseconds / 1000 / seconds,
      sendDelayMilliseconds: nearestRank(this.#sendDelays.sorted(), 0.99) ?? 0,
    };
  }

  #count(result: RequestClass): void {
    if (result !== "excluded") this.counts.total++;
    if (result !== "good") this.counts[result]++;
  }
}

const isAnswer = (outcome: Outcome): boolean => typeof outcome === "number" && outcome >= 200 && outcome < 300;
