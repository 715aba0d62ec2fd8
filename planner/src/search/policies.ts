import type { BatchPolicy, ServiceLevelTarget } from "@sweetspot/crds";

/** Without batching: the baseline of every comparison. */
export const withoutBatching: BatchPolicy = {
  former: "CostTable",
  maximumRows: 1,
  maximumBatchMicroseconds: 600_000_000,
  holdMicroseconds: 0,
  windowRequests: 64,
  inFlightPerInstance: 1,
};

const rowCaps = [2, 4, 8, 16, 32];
/** A batch may take this share of the target: the rest is left for waiting. */
const durationShares = [0.15, 0.3, 0.5, 0.8];
const inFlight = [1, 2];

/**
 * The batching policies worth simulating for a target. Holding a batch back is not among them: it never paid in
 * simulation (a fixed wait of 10 ms cost two thirds of the capacity under 20 ms).
 */
export function policiesFor(target: ServiceLevelTarget, batchable: boolean): BatchPolicy[] {
  const single = inFlight.map((depth) => ({ ...withoutBatching, inFlightPerInstance: depth }));
  if (!batchable) return single;
  const batched = rowCaps.flatMap((maximumRows) =>
    durationShares.flatMap((share) =>
      inFlight.map((inFlightPerInstance) => ({
        ...withoutBatching,
        maximumRows,
        maximumBatchMicroseconds: Math.max(1, Math.round(share * target.latencyMilliseconds * 1000)),
        inFlightPerInstance,
      })),
    ),
  );
  return [...single, ...batched];
}
