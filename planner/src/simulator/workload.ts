import { exponential, type Random } from "../statistics/random.ts";

/** One kind of request that occurs in the traffic; equally likely ones are simply listed as often as they occur. */
export interface RequestShape {
  readonly rows: number;
  readonly length: number;
  readonly group: string;
}

/** A sequence of arrivals at a rate of one per unit of time; the simulator scales it to any rate. */
export interface ArrivalSequence {
  /** Ascending instants. */
  readonly instants: Float64Array;
  readonly shapes: readonly RequestShape[];
  /** Which shape arrives, an index into `shapes`. */
  readonly choice: Uint32Array;
}

/**
 * Poisson arrivals whose shapes are drawn independently from the samples. Using one sequence for all rates and all
 * plans (common random numbers) makes comparisons far less noisy than fresh draws would.
 */
export function poissonArrivals(count: number, shapes: readonly RequestShape[], random: Random): ArrivalSequence {
  const instants = new Float64Array(count);
  const choice = new Uint32Array(count);
  let now = 0;
  for (let i = 0; i < count; i += 1) {
    now += exponential(random);
    instants[i] = now;
    choice[i] = Math.floor(random() * shapes.length);
  }
  return { instants, shapes, choice };
}
