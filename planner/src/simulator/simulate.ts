import type { BatchPolicy } from "@sweetspot/crds";
import type { CostModel } from "../cost/cost-model.ts";
import { formBatch } from "../scheduler/form-batch.ts";
import type { QueuedRequest } from "../scheduler/queued-request.ts";
import type { Random } from "../statistics/random.ts";
import type { ArrivalSequence, RequestShape } from "./workload.ts";

/** One server as the simulator sees it. */
export interface SimulatedServer {
  readonly instances: number;
  readonly threadsPerInstance: number;
  readonly policy: BatchPolicy;
  readonly cost: CostModel;
  /** Equally likely factors on the time of a batch (`CostTable.noiseFactors`). */
  readonly noiseFactors: readonly number[];
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
  /** The queue grew past `giveUpQueue`: the rate is beyond the server's capacity. */
  readonly unstable: boolean;
}

interface SimulatedRequest extends QueuedRequest, RequestShape {
  readonly index: number;
}

/**
 * Runs the batch former in virtual time over a sequence of arrivals.
 *
 * Model: each instance computes one batch at a time and may have `inFlightPerInstance` in hand; a batch takes the cost
 * model's time, times a factor drawn from the machine's noise, plus the server's overhead. A second batch in hand hides
 * the per-batch overhead. The front's CPU time is taken from the engines in proportion to the rate, as a fair scheduler
 * does, and delays each answer by itself. Nothing is refused: a late answer is a miss as a refusal would be.
 *
 * `requestsPerSecond` scales the unit-rate sequence. Time is in microseconds.
 */
export function simulate(
  server: SimulatedServer,
  arrivals: ArrivalSequence,
  requestsPerSecond: number,
  random: Random,
  giveUpQueue = 4096,
): SimulatedRun {
  const run = new Simulation(server, arrivals, 1e6 / requestsPerSecond, random);
  return run.finish(giveUpQueue);
}

/** What the front leaves to the engines at some rate, and what it adds to a latency. */
interface FrontShare {
  readonly cpusLeft: number;
  readonly delayMicroseconds: number;
}

/** A front that wants every CPU still leaves its engines this share of them. */
const leastShare = 0.1;

function frontShare({ cost }: SimulatedServer, requestsPerSecond: number): FrontShare {
  const { shared } = cost.overhead;
  if (shared === undefined) return { cpusLeft: Number.POSITIVE_INFINITY, delayMicroseconds: 0 };
  const { cpus, microsecondsPerRequest } = shared;
  const taken = (requestsPerSecond * microsecondsPerRequest) / 1e6;
  return { cpusLeft: Math.max(leastShare * cpus, cpus - taken), delayMicroseconds: microsecondsPerRequest };
}

/** An engine process in virtual time. */
interface Instance {
  /** When its last accepted batch ends. */
  busyUntil: number;
  /** Ends of the accepted batches that are not over, ascending. */
  readonly ends: number[];
}

class Simulation {
  readonly #server: SimulatedServer;
  readonly #arrivals: ArrivalSequence;
  readonly #gap: number;
  readonly #random: Random;
  readonly #instances: Instance[];
  readonly #noise: Float64Array;
  readonly #front: FrontShare;
  readonly #latencies: Float64Array;
  #queue: SimulatedRequest[] = [];
  #next = 0;
  #now = 0;
  #hold = Number.POSITIVE_INFINITY;
  #batches = 0;
  #rows = 0;
  #useful = 0;
  #padded = 0;
  #end = 0;

  constructor(server: SimulatedServer, arrivals: ArrivalSequence, gap: number, random: Random) {
    this.#server = server;
    this.#arrivals = arrivals;
    this.#gap = gap;
    this.#random = random;
    this.#instances = Array.from({ length: server.instances }, () => ({ busyUntil: 0, ends: [] }));
    this.#noise = Float64Array.from(server.noiseFactors);
    this.#front = frontShare(server, 1e6 / gap);
    this.#latencies = new Float64Array(arrivals.instants.length);
  }

  finish(giveUpQueue: number): SimulatedRun {
    const count = this.#arrivals.instants.length;
    while (this.#next < count || this.#queue.length > 0) {
      this.#advance();
      this.#dispatch();
      if (this.#queue.length > giveUpQueue) return this.#result(this.#next - this.#queue.length, true);
    }
    return this.#result(count, false);
  }

  /** Moves the clock to the next arrival, the next free slot or the end of a hold, whichever is first. */
  #advance(): void {
    const arrival = this.#nextArrival();
    const slot = this.#queue.length > 0 ? this.#nextEnd() : Number.POSITIVE_INFINITY;
    this.#now = Math.max(this.#now, Math.min(arrival, slot, this.#hold));
    this.#hold = Number.POSITIVE_INFINITY;
    if (arrival <= this.#now) this.#arrive(arrival);
    for (const instance of this.#instances) {
      while (instance.ends.length > 0 && (instance.ends[0] as number) <= this.#now) instance.ends.shift();
    }
  }

  #nextArrival(): number {
    const instant = this.#arrivals.instants[this.#next];
    return instant === undefined ? Number.POSITIVE_INFINITY : instant * this.#gap;
  }

  #nextEnd(): number {
    let earliest = Number.POSITIVE_INFINITY;
    for (const instance of this.#instances) earliest = Math.min(earliest, instance.ends[0] ?? Number.POSITIVE_INFINITY);
    return earliest;
  }

  #arrive(arrival: number): void {
    const shape = this.#arrivals.shapes[this.#arrivals.choice[this.#next] as number] as RequestShape;
    this.#queue.push({
      arrival,
      deadline: Number.POSITIVE_INFINITY,
      rows: shape.rows,
      length: shape.length,
      group: shape.group,
      index: this.#next,
    });
    this.#next += 1;
  }

  #dispatch(): void {
    const { policy, cost } = this.#server;
    while (this.#queue.length > 0) {
      const instance = this.#leastLoaded();
      if (instance.ends.length >= policy.inFlightPerInstance) return;
      const idle = this.#instances.reduce((sum, { ends }) => sum + (ends.length === 0 ? 1 : 0), 0);
      const decision = formBatch(this.#queue, this.#now, Math.max(1, idle), policy, cost);
      if (decision.kind === "Hold") this.#hold = decision.until;
      if (decision.kind !== "Dispatch") return;
      this.#take(decision.requests);
      this.#start(instance, decision.requests);
    }
  }

  #leastLoaded(): Instance {
    let best = this.#instances[0] as Instance;
    for (const instance of this.#instances) {
      const fewer = instance.ends.length - best.ends.length;
      if (fewer < 0 || (fewer === 0 && instance.busyUntil < best.busyUntil)) best = instance;
    }
    return best;
  }

  #take(batch: readonly SimulatedRequest[]): void {
    if (batch.length === 1 && batch[0] === this.#queue[0]) {
      this.#queue.shift();
      return;
    }
    const taken = new Set(batch);
    this.#queue = this.#queue.filter((request) => !taken.has(request));
  }

  #start(instance: Instance, batch: readonly SimulatedRequest[]): void {
    let rows = 0;
    let length = 1;
    let useful = 0;
    for (const request of batch) {
      rows += request.rows;
      length = Math.max(length, request.length);
      useful += request.rows * request.length;
    }
    const end = this.#endOf(instance, rows, batch.length, length);
    const answered = end + this.#front.delayMicroseconds;
    for (const request of batch) this.#latencies[request.index] = answered - request.arrival;
    this.#batches += 1;
    this.#rows += rows;
    this.#useful += useful;
    this.#padded += rows * length;
    this.#end = Math.max(this.#end, end);
  }

  #endOf(instance: Instance, rows: number, requests: number, length: number): number {
    const { cost } = this.#server;
    const { perBatchMicroseconds, perRequestMicroseconds } = cost.overhead;
    const exposed = instance.ends.length === 0 ? perBatchMicroseconds : 0;
    const noise = this.#noise[Math.floor(this.#random() * this.#noise.length)] as number;
    const computing = cost.batchMicroseconds(rows, length) * noise * this.#slowdown(instance);
    const service = computing + exposed + requests * perRequestMicroseconds;
    const end = Math.max(this.#now, instance.busyUntil) + service;
    instance.busyUntil = end;
    instance.ends.push(end);
    return end;
  }

  /** How much longer a batch takes because the busy engines and the front want more CPUs than there are. */
  #slowdown(starting: Instance): number {
    const { instances, threadsPerInstance } = this.#server;
    let busy = 0;
    for (let i = 0; i < instances; i += 1) {
      const instance = this.#instances[i] as Instance;
      if (instance === starting || instance.ends.length > 0) busy += 1;
    }
    return Math.max(1, (busy * threadsPerInstance) / this.#front.cpusLeft);
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
