import type { BatchPolicy, Drift, Stalls } from "@sweetspot/crds";
import type { CostModel } from "../cost/cost-model.ts";
import { formBatch } from "../scheduler/form-batch.ts";
import type { QueuedRequest } from "../scheduler/queued-request.ts";
import type { Random } from "../statistics/random.ts";
import { type VirtualEngine, VirtualEngines } from "./virtual-engines.ts";
import { VirtualQueue } from "./virtual-queue.ts";
import type { ArrivalSequence } from "./workload.ts";

/** One server as the simulator sees it. */
export interface SimulatedServer {
  readonly instances: number;
  readonly threadsPerInstance: number;
  readonly policy: BatchPolicy;
  readonly cost: CostModel;
  /** Equally likely factors on the time of a batch (`CostTable.noiseFactors`). */
  readonly noiseFactors: readonly number[];
  /** Of each engine (`CostTable.stalls`). */
  readonly stalls?: Stalls | undefined;
  /** Of all engines at once (`CostTable.drift`). */
  readonly drift?: Drift | undefined;
}

export interface SimulatedRun {
  /** Microseconds from arrival to answer, in order of arrival; shorter than the arrivals where the run was given up. */
  readonly latencies: Float64Array;
  readonly batches: number;
  readonly rows: number;
  readonly usefulLength: number;
  readonly paddedLength: number;
  /** Instant of the last answer, microseconds. */
  readonly end: number;
  /** The run was given up: the rate is beyond the server's capacity. */
  readonly unstable: boolean;
}

/** When a run shows too little promise to be ended. */
export interface GiveUp {
  /** Longest queue. */
  readonly queue: number;
  /** At most `count` answers from the request `from` on may take longer than `microseconds`. */
  readonly late?: { readonly microseconds: number; readonly count: number; readonly from: number };
}

export const usualGiveUp: GiveUp = { queue: 4096 };

/**
 * Runs the batch former in virtual time over a sequence of arrivals.
 *
 * Model: each instance computes one batch at a time and may have `inFlightPerInstance` in hand; a batch takes the cost
 * model's time, times the machine's speed at that time and a factor drawn from its noise, plus the server's overhead and
 * the interruptions that fall into it. A second batch in hand hides the per-batch overhead. The front's CPU time is taken from the engines in proportion to the rate, as a fair scheduler
 * does, and delays each answer by itself. Nothing is refused: a late answer is a miss as a refusal would be.
 *
 * `requestsPerSecond` scales the unit-rate sequence. Time is in microseconds.
 */
export function simulate(
  server: SimulatedServer,
  arrivals: ArrivalSequence,
  requestsPerSecond: number,
  random: Random,
  giveUp = usualGiveUp,
): SimulatedRun {
  return new Simulation(server, arrivals, requestsPerSecond, random).finish(giveUp);
}

class Simulation {
  readonly #policy: BatchPolicy;
  readonly #cost: CostModel;
  readonly #engines: VirtualEngines;
  readonly #queue: VirtualQueue;
  readonly #latencies: Float64Array;
  #lateFrom = 0;
  #lateAfter = Number.POSITIVE_INFINITY;
  #late = 0;
  #now = 0;
  #hold = Number.POSITIVE_INFINITY;
  #batches = 0;
  #rows = 0;
  #useful = 0;
  #padded = 0;
  #end = 0;

  constructor(server: SimulatedServer, arrivals: ArrivalSequence, requestsPerSecond: number, random: Random) {
    this.#policy = server.policy;
    this.#cost = server.cost;
    this.#engines = new VirtualEngines(server, requestsPerSecond, random);
    this.#queue = new VirtualQueue(arrivals, 1e6 / requestsPerSecond, server.policy.windowRequests);
    this.#latencies = new Float64Array(arrivals.instants.length);
  }

  finish({ queue: longest, late }: GiveUp): SimulatedRun {
    const queue = this.#queue;
    const mostLate = late?.count ?? Number.POSITIVE_INFINITY;
    this.#lateAfter = late?.microseconds ?? Number.POSITIVE_INFINITY;
    this.#lateFrom = late?.from ?? 0;
    while (queue.nextArrival < Number.POSITIVE_INFINITY || queue.length > 0) {
      this.#advance();
      this.#dispatch();
      if (queue.length > longest || this.#late > mostLate) return this.#result(queue.arrived - queue.length, true);
    }
    return this.#result(queue.arrived, false);
  }

  /** Moves the clock to the next arrival, the next free slot or the end of a hold, whichever is first. */
  #advance(): void {
    const queue = this.#queue;
    const slot = queue.length > 0 ? this.#engines.nextEnd() : Number.POSITIVE_INFINITY;
    this.#now = Math.max(this.#now, Math.min(queue.nextArrival, slot, this.#hold));
    this.#hold = Number.POSITIVE_INFINITY;
    if (queue.nextArrival <= this.#now) queue.arrive();
    this.#engines.release(this.#now);
  }

  #dispatch(): void {
    const queue = this.#queue;
    while (queue.length > 0) {
      const engine = this.#engines.free();
      if (engine === null) return;
      const idle = Math.max(1, this.#engines.idle());
      const decision = formBatch(queue.oldest, this.#now, idle, this.#policy, this.#cost);
      if (decision.kind === "Hold") this.#hold = decision.until;
      if (decision.kind !== "Dispatch") return;
      this.#start(engine, decision.requests);
      queue.take(decision.requests);
    }
  }

  #start(engine: VirtualEngine, batch: readonly (QueuedRequest & { readonly index: number })[]): void {
    let rows = 0;
    let length = 1;
    let useful = 0;
    for (const request of batch) {
      rows += request.rows;
      if (request.length > length) length = request.length;
      useful += request.rows * request.length;
    }
    const end = this.#engines.start(engine, this.#now, rows, batch.length, length);
    const answered = end + this.#engines.frontDelay;
    for (const { arrival, index } of batch) {
      const latency = answered - arrival;
      this.#latencies[index] = latency;
      if (latency > this.#lateAfter && index >= this.#lateFrom) this.#late += 1;
    }
    this.#batches += 1;
    this.#rows += rows;
    this.#useful += useful;
    this.#padded += rows * length;
    if (end > this.#end) this.#end = end;
  }

  #result(answered: number, unstable: boolean): SimulatedRun {
    return {
      latencies: this.#latencies.subarray(0, Math.max(0, answered)),
      batches: this.#batches,
      rows: this.#rows,
      usefulLength: this.#useful,
      paddedLength: this.#padded,
      end: this.#end,
      unstable,
    };
  }
}
