import type { TrialPair } from "@sweetspot/crds";
import {
  type BlockDesign,
  countedLatency,
  mostTargets,
  type SwitchbackBlock,
  switchbackBlock,
} from "@sweetspot/planner";
import type { Outcome } from "../../telemetry/service-level.ts";

interface Block {
  /** Requests that arrived in it and have not ended. */
  open: number;
  ended: number;
  /** Of their counted latencies, milliseconds. */
  sum: number;
}

interface Pair {
  readonly Incumbent: Block;
  readonly Candidate: Block;
}

const mostPairs = 256;
const microseconds = 1e6;

/**
 * What each block of a trial counts for, as `blockScore` has it, kept while requests come and go. All instants are microseconds
 * on one clock.
 */
export class TrialScores {
  readonly #design: BlockDesign;
  readonly #targetMilliseconds: number;
  readonly #start: number;
  #end = Number.POSITIVE_INFINITY;
  readonly #open = new Map<number, Pair>();
  #closed: TrialPair[] = [];

  constructor(design: BlockDesign, targetMilliseconds: number, start: number) {
    this.#design = design;
    this.#targetMilliseconds = targetMilliseconds;
    this.#start = start;
  }

  began(arrival: number): void {
    const at = this.#blockAt(arrival);
    if (at === null) return;
    let pair = this.#open.get(at.pair);
    if (pair === undefined) {
      pair = { Incumbent: newBlock(), Candidate: newBlock() };
      this.#open.set(at.pair, pair);
    }
    pair[at.arm].open += 1;
  }

  /** Client errors and clients that left do not count, as everywhere. */
  ended(arrival: number, outcome: Outcome, latencyMicroseconds: number): void {
    const at = this.#blockAt(arrival);
    const block = at && this.#open.get(at.pair)?.[at.arm];
    if (block === undefined || block === null || block.open === 0) return;
    block.open -= 1;
    if (outcome !== "Excluded") this.#count(block, outcome === "Answered" ? latencyMicroseconds / 1000 : null);
  }

  /** What arrives from now on does not count; a pair that is not over by then never does. */
  endAt(instant: number): void {
    this.#end = Math.min(this.#end, instant);
  }

  /**
   * All pairs that cannot change any more: whatever arrived in them has ended, or counts for the most that a request can
   * count for. They close in their order.
   */
  pairs(now: number): TrialPair[] {
    const patience = mostTargets * this.#targetMilliseconds * 1000;
    for (const [pair, blocks] of this.#open) {
      const end = this.#start + (pair + 1) * 2 * this.#design.blockSeconds * microseconds;
      const waits = blocks.Incumbent.open + blocks.Candidate.open > 0;
      if (end > this.#end || now < (waits ? end + patience : end)) break;
      this.#close(pair, blocks);
    }
    this.#closed = this.#closed.slice(-mostPairs);
    return this.#closed;
  }

  #close(pair: number, { Incumbent, Candidate }: Pair): void {
    this.#open.delete(pair);
    for (const block of [Incumbent, Candidate]) while (block.open > 0) this.#countOpen(block);
    if (Incumbent.ended === 0 || Candidate.ended === 0) return;
    this.#closed.push({
      pair,
      incumbent: Incumbent.sum / Incumbent.ended,
      candidate: Candidate.sum / Candidate.ended,
      incumbentRequests: Incumbent.ended,
      candidateRequests: Candidate.ended,
    });
  }

  #countOpen(block: Block): void {
    block.open -= 1;
    this.#count(block, null);
  }

  #count(block: Block, latency: number | null): void {
    block.ended += 1;
    block.sum += countedLatency(latency, this.#targetMilliseconds);
  }

  /** Null for what does not count. */
  #blockAt(arrival: number): SwitchbackBlock | null {
    if (arrival < this.#start || arrival >= this.#end) return null;
    const block = switchbackBlock(this.#design, (arrival - this.#start) / microseconds);
    return block.washingOut ? null : block;
  }
}

const newBlock = (): Block => ({ open: 0, ended: 0, sum: 0 });
