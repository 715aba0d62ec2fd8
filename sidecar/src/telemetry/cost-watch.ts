import type { Commissioning, CostDrift, CostTable } from "@sweetspot/crds";
import { CostEvidence, CostModel, refitTable } from "@sweetspot/planner";
import type { BatchCosts } from "../server/batch-costs.ts";

/** A table is made anew so often at most: it takes a millisecond or two of the server's only thread. */
const refitSeconds = 5;
/** Below this a new table would decide nothing differently. */
const leastChange = 0.02;
/** What is usual for the plan is known after so much of both. */
const settling = { seconds: 20, batches: 100 } as const;
/** Beyond the first it has drifted, within the second it is steady again. */
const drifted = { beyond: Math.log(1.15), within: Math.log(1.1) } as const;
/**
 * The same, against what commissioning found. Traffic alone slows engines down that share their CPUs with the front, so
 * more is allowed; and so much must be seen before.
 */
const misjudged = { beyond: Math.log(1.5), within: Math.log(1.4), batches: 50 } as const;

/**
 * The cost table of a plan while it serves: each batch is compared with it, and the copy that decisions are made from
 * follows. Drift is the ratio of observed to expected time now against the ratio at first, because a server's load differs from
 * the tuner's, and the table may have been off from the start. A machine that was slowed down already when the first traffic
 * came is known by what commissioning found before.
 */
export class CostWatch implements BatchCosts {
  readonly measured = true;
  readonly #table: CostTable;
  readonly #expected: CostModel;
  readonly #evidence: CostEvidence;
  readonly #now: () => number;
  #refitted: CostTable;
  #cost: CostModel;
  #applied: readonly number[];
  #refitAt = Number.NEGATIVE_INFINITY;
  #firstAt: number | null = null;
  #baseline: number | null = null;
  #driftedSince: number | null = null;
  #commissioning: Commissioning | null = null;

  /** `now`: seconds since the epoch. */
  constructor(table: CostTable, now: () => number = () => Date.now() / 1000) {
    this.#table = table;
    this.#refitted = table;
    this.#expected = CostModel.fromTable(table);
    this.#cost = this.#expected;
    this.#evidence = new CostEvidence(table);
    this.#applied = this.#evidence.factors();
    this.#now = now;
  }

  get cost(): CostModel {
    return this.#cost;
  }

  /** The plan's table as it was last fitted to what is observed. */
  get table(): CostTable {
    return this.#refitted;
  }

  /** Is it the same one that it began with? */
  isOf(table: CostTable): boolean {
    return this.#table === table || JSON.stringify(this.#table) === JSON.stringify(table);
  }

  /** What was found before traffic came; null where that was not looked for. */
  get commissioning(): Commissioning | null {
    return this.#commissioning;
  }

  /** To be told before the first batch. */
  commissioned(found: Commissioning): void {
    this.#commissioning = found;
  }

  expectedMicroseconds(rows: number, length: number): number {
    return this.#expected.batchMicroseconds(rows, length);
  }

  observe(rows: number, length: number, microseconds: number): void {
    if (microseconds <= 0) return;
    const now = this.#now();
    this.#firstAt ??= now;
    this.#evidence.observe(rows, length, microseconds, now);
    if (now - this.#refitAt < refitSeconds) return;
    this.#refitAt = now;
    this.#refit();
    this.#judge(now, this.#firstAt);
  }

  drift(): CostDrift {
    const { factor, batches } = this.#evidence;
    const since = this.#driftedSince === null ? null : new Date(this.#driftedSince * 1000).toISOString();
    const unmoved = this.#baseline === null ? "Settling" : "Steady";
    return {
      state: since === null ? unmoved : "Drifted",
      ratio: factor,
      baseline: this.#baseline,
      since,
      batches,
      commissioning: this.#commissioning,
    };
  }

  #refit(): void {
    const factors = this.#evidence.factors();
    const change = factors.map((factor, i) => Math.abs(Math.log(factor / (this.#applied[i] as number))));
    if (Math.max(...change) < leastChange) return;
    this.#applied = factors;
    this.#refitted = refitTable(this.#table, factors);
    this.#cost = CostModel.fromTable(this.#refitted);
  }

  #judge(now: number, firstAt: number): void {
    const { factor, batches } = this.#evidence;
    const settled = now - firstAt >= settling.seconds && batches >= settling.batches;
    if (this.#baseline === null && settled) this.#baseline = factor;
    const moved = this.#baseline === null ? 0 : Math.abs(Math.log(factor / this.#baseline));
    const before = batches < misjudged.batches ? null : this.#commissioning;
    const slower = before === null ? 0 : Math.log(factor / before.ratio);
    if (moved > drifted.beyond || slower > misjudged.beyond) this.#driftedSince ??= now;
    else if (moved < drifted.within && slower < misjudged.within) this.#driftedSince = null;
  }
}
