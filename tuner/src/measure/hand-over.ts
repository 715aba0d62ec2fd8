import type { ServingOverhead } from "@sweetspot/crds";
import { nonNegativeLeastSquares } from "@sweetspot/planner";

/** What the hand-over to the engine and back took for batches of so many rows. */
interface HandOver {
  readonly rows: number;
  readonly microseconds: number;
}

/**
 * Splits the hand-over into a part for each batch and one for each of its rows, by non-negative least squares on relative
 * errors: answers of a megabyte take their time, small ones cost little but the wake-ups.
 */
export function handOverOf(measured: readonly HandOver[]): ServingOverhead {
  const scaled = measured.map(({ rows, microseconds }) => {
    const scale = Math.max(1, microseconds);
    return { features: [1 / scale, rows / scale], value: microseconds / scale };
  });
  const [perBatchMicroseconds = 0, perRequestMicroseconds = 0] = nonNegativeLeastSquares(
    scaled.map(({ features }) => features),
    scaled.map(({ value }) => value),
  );
  return { perBatchMicroseconds, perRequestMicroseconds };
}
