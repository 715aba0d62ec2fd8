import { type Candidate, shareOf, type TuningReport } from "@sweetspot/crds";
import { latencyAt, planPoint, poissonArrivals, seededRandom, simulate } from "@sweetspot/planner";
import { tableOf } from "../checklist/ratios.ts";

/** Latency at the target's percentile that the simulator predicts of one candidate, by rate. */
export interface LatencyCurve {
  readonly candidate: Candidate;
  /** Rising rates (requests per second) with milliseconds; it ends where the queue has no end. */
  readonly points: readonly (readonly [requestsPerSecond: number, milliseconds: number])[];
}

const requests = 8000;
/** Shares of the predicted capacity. */
const shares = [0.05, 0.25, 0.45, 0.6, 0.7, 0.8, 0.88, 0.95, 1, 1.06, 1.12];
/** Beyond so many times the target nobody looks. */
const farTargets = 6;

/**
 * What the simulator says of each candidate that was raced (without a race, of the winner and the naive default) at rates
 * up to a little more than its capacity. Empty for a report that does not hold its workload. Seeded: the same report has
 * the same curves.
 */
export function latencyCurves(report: TuningReport): LatencyCurve[] {
  const { candidates, decision } = report;
  const raced = candidates.filter(({ measured }) => measured !== null);
  const plain = candidates.filter(({ name, role }) => name === decision.winner || role === "Incumbent");
  return (raced.length > 0 ? raced : plain).flatMap((candidate) => {
    const points = pointsOf(candidate, report);
    return points.length > 1 ? [{ candidate, points }] : [];
  });
}

function pointsOf(candidate: Candidate, { tables, question, requestShapes }: TuningReport): LatencyCurve["points"] {
  const table = tableOf(tables, candidate);
  const capacity = candidate.prediction?.capacityRequestsPerSecond ?? 0;
  if (table === undefined || requestShapes === undefined || capacity === 0) return [];
  const { percentile, latencyMilliseconds: target } = question.serviceLevel;
  const server = planPoint({ ...table, layout: candidate.layout }, candidate.batching);
  const arrivals = poissonArrivals(requests, requestShapes, seededRandom(question.seed));
  const points: (readonly [number, number])[] = [];
  for (const share of shares) {
    const rate = share * capacity;
    const run = simulate(server, arrivals, rate, seededRandom(question.seed));
    const latency = latencyAt(run, shareOf(percentile)) / 1000;
    if (!Number.isFinite(latency)) break;
    points.push([rate, latency]);
    if (latency > farTargets * target) break;
  }
  return points;
}
