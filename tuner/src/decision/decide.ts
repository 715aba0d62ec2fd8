import type { Candidate, Interval } from "@sweetspot/crds";
import { pairedRatio } from "@sweetspot/planner";

/** The choice among raced candidates. */
export interface Choice {
  readonly winner: Candidate;
  readonly reason: string;
  /** Capacity over the incumbent's, from paired rounds. */
  readonly gain: Interval | null;
}

const percent = (ratio: number): string => `${((ratio - 1) * 100).toFixed(0)} %`;

/**
 * Chooses by measured capacity. A new winner must be better than the incumbent by more than noise: the interval of the
 * paired ratio must lie above 1, otherwise the incumbent stays. Without a race the best prediction is taken, and said so.
 */
export function decide(candidates: readonly Candidate[]): Choice {
  const incumbent = candidates.find(({ role }) => role === "Incumbent");
  const best = bestOf(candidates);
  if (best === undefined) throw new Error("there is nothing to decide without candidates");
  if (incumbent === undefined || best === incumbent) {
    return { winner: best, reason: "Nothing that was tried is better than the naive default.", gain: null };
  }
  const gain = gainOver(best, incumbent);
  if (gain === null) return { winner: best, reason: withoutInterval(best, incumbent), gain };
  if (gain.low <= 1) {
    const reason = `The best candidate differs from the naive default by ${percent(gain.estimate)}, which is not more than noise; the default stays.`;
    return { winner: incumbent, reason, gain };
  }
  const reason = `Most capacity under the target in the race: ${gain.estimate.toFixed(2)} times the naive default's (95 % interval ${gain.low.toFixed(2)} to ${gain.high.toFixed(2)}).`;
  return { winner: best, reason, gain };
}

function withoutInterval(best: Candidate, incumbent: Candidate): string {
  if (best.measured === null || incumbent.measured === null) {
    return "Chosen by simulation over the measured cost table; there was no time for a race.";
  }
  const [own, naive] = [best, incumbent].map((candidate) => capacityOf(candidate).toFixed(0));
  return `Most capacity in the one round that there was time for: ${own} requests/s under the target against the naive default's ${naive}. More budget would say how sure that is.`;
}

/**
 * For a target that cannot be met: the candidate with the lowest latency of a lone request, which is what the prediction
 * holds where there is no capacity.
 */
export function lowestLatency(candidates: readonly Candidate[]): Candidate | undefined {
  const predicted = candidates.filter(({ prediction }) => prediction !== null);
  const latency = ({ prediction }: Candidate) => prediction?.latencyAt70PercentMilliseconds ?? Number.POSITIVE_INFINITY;
  return predicted.toSorted((a, b) => latency(a) - latency(b))[0];
}

/** The raced candidate with the highest measured capacity; without a race the best prediction. */
function bestOf(candidates: readonly Candidate[]): Candidate | undefined {
  const raced = candidates.filter((candidate) => candidate.measured !== null);
  if (raced.length > 0) return raced.reduce((a, b) => (capacityOf(b) > capacityOf(a) ? b : a));
  const predicted = candidates.filter((candidate) => candidate.prediction !== null);
  return predicted.length > 0 ? predicted.reduce((a, b) => (capacityOf(b) > capacityOf(a) ? b : a)) : candidates[0];
}

/** Measured capacity, else the predicted one. */
export const capacityOf = ({ measured, prediction }: Candidate): number =>
  measured?.estimate ?? prediction?.capacityRequestsPerSecond ?? 0;

/** Ratio of capacities over the rounds that both ran undisturbed. */
function gainOver(candidate: Candidate, other: Candidate): Interval | null {
  const pairs = candidate.rounds.flatMap((round) => {
    const twin = other.rounds.find((rival) => rival.round === round.round);
    if (twin === undefined || twin.void || round.void) return [];
    return [[round.capacityRequestsPerSecond, twin.capacityRequestsPerSecond] as const];
  });
  return pairedRatio(pairs);
}

/** Why a candidate lost against the winner, in one sentence. */
export function whyLost(candidate: Candidate, winner: Candidate): string {
  const [own, best] = [capacityOf(candidate), capacityOf(winner)].map((capacity) => capacity.toFixed(0));
  if (candidate.measured !== null) {
    const gain = gainOver(candidate, winner);
    const noise = gain === null || gain.high >= 1 ? ", within noise" : "";
    return `Measured ${own} requests/s under the target against ${best}${noise}.`;
  }
  if (candidate.prediction !== null) return `Predicted ${own} requests/s under the target against ${best}; not raced.`;
  return "Not measured.";
}
