import type { LatencySummary } from "@sweetspot/crds";

/** A list of numbers that grows without boxing them. */
export class Measurements {
  #values = new Float64Array(1024);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(value: number): void {
    if (this.#size === this.#values.length) {
      const larger = new Float64Array(2 * this.#size);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#size++] = value;
  }

  /** The values in increasing order. */
  sorted(): Float64Array {
    return this.#values.slice(0, this.#size).sort();
  }
}

/** The exact percentile by nearest rank: the smallest value that at least `share` of all values do not exceed. */
export function nearestRank(sorted: Float64Array, share: number): number | null {
  if (sorted.length === 0) return null;
  // 0.999 * 1000 is 999.0000000000001 in binary: the tiny slack keeps the rank that decimal arithmetic gives.
  const rank = Math.max(1, Math.ceil(share * sorted.length - 1e-9));
  return sorted[rank - 1] ?? null;
}

/** Exact percentiles of latencies in milliseconds; all null when there are none. */
export function summarizeLatency(latencies: Measurements): LatencySummary {
  const sorted = latencies.sorted();
  const at = (share: number) => nearestRank(sorted, share);
  return { p50: at(0.5), p90: at(0.9), p95: at(0.95), p99: at(0.99), p999: at(0.999), maximum: at(1) };
}
