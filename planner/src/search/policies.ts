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

/** As most batchers have it: as many as are waiting, in their order, padded to the longest of them. A yardstick, never searched. */
export const inOrderOfArrival: BatchPolicy = { ...withoutBatching, former: "Fifo", maximumRows: 8 };

const rowCaps = [2, 4, 8, 16, 32];
/** A batch may take this share of the target: the rest is left for waiting. */
const durationShares = [0.15, 0.3, 0.5, 0.8];
/** A batch may be held back for this share of the target; 0 is work-conserving. */
const holdShares = [0, 0.05, 0.15];
const inFlight = [1, 2];

/**
 * The batching policies worth simulating for a target, those that hold nothing back first. Holding a batch back seldom
 * pays (a fixed wait of 10 ms cost two thirds of the capacity under 20 ms), but where the time of a batch hardly depends
 * on its rows it may, and asking the simulator costs little.
 */
export function policiesFor(target: ServiceLevelTarget, batchable: boolean): BatchPolicy[] {
  const single = inFlight.map((depth) => ({ ...withoutBatching, inFlightPerInstance: depth }));
  return batchable ? [...single, ...holdShares.flatMap((share) => batchedPolicies(target, share))] : single;
}

function batchedPolicies({ latencyMilliseconds }: ServiceLevelTarget, holdShare: number): BatchPolicy[] {
  const microseconds = (share: number) => Math.round(share * latencyMilliseconds * 1000);
  return rowCaps.flatMap((maximumRows) =>
    durationShares.flatMap((share) =>
      inFlight.map((inFlightPerInstance) => ({
        ...withoutBatching,
        maximumRows,
        maximumBatchMicroseconds: Math.max(1, microseconds(share)),
        holdMicroseconds: microseconds(holdShare),
        inFlightPerInstance,
      })),
    ),
  );
}
