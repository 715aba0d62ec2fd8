import type { CostModel } from "../cost/cost-model.ts";
import { frontWait } from "../cost/front-wait.ts";
import type { Random } from "../statistics/random.ts";
import { type DriftTimeline, driftTimeline } from "./drift-timeline.ts";
import type { SimulatedServer } from "./simulate.ts";
import { type StallTimeline, stallTimeline } from "./stall-timeline.ts";

/** A front that wants every CPU still leaves its engines this share of them. */
const leastShare = 0.1;

/** The engine processes of one server in virtual time (microseconds), and the front that shares their CPUs. */
export class VirtualEngines {
  /** What the front adds to each latency, microseconds. */
  readonly frontDelay: number;
  readonly #instances: VirtualEngine[];
  readonly #inFlight: number;
  readonly #threads: number;
  readonly #cpusLeft: number;
  readonly #cost: CostModel;
  readonly #noise: Float64Array;
  readonly #drift: DriftTimeline | null;
  readonly #random: Random;

  constructor(server: SimulatedServer, requestsPerSecond: number, random: Random) {
    const { instances, threadsPerInstance, policy, cost, noiseFactors, stalls, drift } = server;
    this.#instances = Array.from({ length: instances }, () => new VirtualEngine(stallTimeline(stalls, random)));
    this.#inFlight = policy.inFlightPerInstance;
    this.#threads = threadsPerInstance;
    this.#cost = cost;
    this.#noise = Float64Array.from(noiseFactors);
    this.#drift = driftTimeline(drift, random);
    this.#random = random;
    const { shared } = cost.overhead;
    this.frontDelay = frontWait(cost.overhead);
    this.#cpusLeft =
      shared === undefined
        ? Number.POSITIVE_INFINITY
        : Math.max(leastShare * shared.cpus, shared.cpus - (requestsPerSecond * shared.microsecondsPerRequest) / 1e6);
  }

  /** The next instant at which a batch ends; `Infinity` when none runs. */
  nextEnd(): number {
    let earliest = Number.POSITIVE_INFINITY;
    for (const { nextEnd } of this.#instances) if (nextEnd < earliest) earliest = nextEnd;
    return earliest;
  }

  /** Frees the slots of the batches that ended by now. */
  release(now: number): void {
    for (const instance of this.#instances) while (instance.nextEnd <= now) instance.shift();
  }

  /** The engine that can take a batch soonest; null when none has a free slot. */
  free(): VirtualEngine | null {
    let best = this.#instances[0] as VirtualEngine;
    for (const instance of this.#instances) {
      const fewer = instance.inHand - best.inHand;
      if (fewer < 0 || (fewer === 0 && instance.busyUntil < best.busyUntil)) best = instance;
    }
    return best.inHand < this.#inFlight ? best : null;
  }

  /** How many engines have nothing to do. */
  idle(): number {
    let count = 0;
    for (const { inHand } of this.#instances) if (inHand === 0) count += 1;
    return count;
  }

  /** Hands a batch to an engine and gives the instant at which it ends. */
  start(engine: VirtualEngine, now: number, rows: number, requests: number, length: number): number {
    const { perBatchMicroseconds, perRequestMicroseconds } = this.#cost.overhead;
    // A batch that another one runs before has its hand-over hidden behind that.
    const exposed = engine.inHand === 0 ? perBatchMicroseconds : 0;
    const noise = this.#noise[Math.floor(this.#random() * this.#noise.length)] as number;
    const speed = this.#drift?.factorAt(Math.max(now, engine.busyUntil)) ?? 1;
    const computing = this.#cost.batchMicroseconds(rows, length) * noise * speed * this.#slowdown(engine);
    return engine.run(now, computing + exposed + requests * perRequestMicroseconds);
  }

  /** How much longer a batch takes because the busy engines and the front want more CPUs than there are. */
  #slowdown(starting: VirtualEngine): number {
    if (this.#cpusLeft === Number.POSITIVE_INFINITY) return 1;
    const busy = this.#instances.length - this.idle() + (starting.inHand === 0 ? 1 : 0);
    return Math.max(1, (busy * this.#threads) / this.#cpusLeft);
  }
}

/** One engine process: it computes one batch at a time and may have a few in hand. */
export class VirtualEngine {
  /** When its last accepted batch ends. */
  busyUntil = 0;
  /** When the batch that it computes ends; `Infinity` when it has none. */
  nextEnd = Number.POSITIVE_INFINITY;
  inHand = 0;
  /** Ends of the batches behind that one, ascending. */
  readonly #later: number[] = [];
  readonly #stalls: StallTimeline | null;

  constructor(stalls: StallTimeline | null) {
    this.#stalls = stalls;
  }

  /** Takes a batch of so many microseconds behind those in hand, and gives the instant at which it ends. */
  run(now: number, microseconds: number): number {
    const start = Math.max(now, this.busyUntil);
    const end = this.#stalls?.delayed(start, start + microseconds) ?? start + microseconds;
    this.busyUntil = end;
    this.inHand += 1;
    if (this.inHand === 1) this.nextEnd = end;
    else this.#later.push(end);
    return end;
  }

  shift(): void {
    this.inHand -= 1;
    this.nextEnd = this.inHand === 0 ? Number.POSITIVE_INFINITY : (this.#later.shift() as number);
  }
}
