import type { Candidate, Environment, Interval } from "@sweetspot/crds";
import { type Doubt, gainOver, noiseOf } from "./gain.ts";

/** The choice among raced candidates. */
export interface Choice {
  readonly winner: Candidate;
  readonly reason: string;
  /** Capacity over the incumbent's, from paired rounds; the interval allows for the challengers and the machine's noise. */
  readonly gain: Interval | null;
}

const percent = (ratio: number): string => `${((ratio - 1) * 100).toFixed(0)} %`;

/** How unsteady the machine is, as far as the A/A test could tell. */
type Steadiness = Pick<Environment, "noiseFactor">;

/**
 * Chooses by measured capacity. A new winner must be better than the incumbent by more than noise: the interval of the
 * paired ratio, corrected for the number of challengers and never narrower than the machine's A/A noise, must lie above 1,
 * otherwise the incumbent stays. Without a race the best prediction is taken, and said so.
 */
export function decide(candidates: readonly Candidate[], steadiness: Steadiness): Choice {
  const incumbent = candidates.find(({ role }) => role === "Incumbent");
  const best = bestOf(candidates);
  if (best === undefined) throw new Error("there is nothing to decide without candidates");
  if (incumbent === undefined || best === incumbent) {
    return { winner: best, reason: "Nothing that was tried is better than the naive default.", gain: null };
  }
  const doubt = { challengers: challengersOf(candidates), noise: noiseOf(steadiness) };
  const gain = gainOver(best, incumbent, doubt);
  if (gain === null) return withoutInterval(best, incumbent, doubt);
  if (gain.low <= 1) return { winner: incumbent, reason: withinNoise(gain, doubt), gain };
  const sure =
    doubt.challengers > 1 ? `95 % interval, allowing for ${doubt.challengers} challengers,` : "95 % interval";
  const reason = `Most capacity under the target in the race: ${gain.estimate.toFixed(2)} times the naive default's (${sure} ${gain.low.toFixed(2)} to ${gain.high.toFixed(2)}).`;
  return { winner: best, reason, gain };
}

/** Each raced candidate was one more chance to look better than the incumbent by luck. */
const challengersOf = (candidates: readonly Candidate[]): number =>
  candidates.filter(({ role, measured }) => role !== "Incumbent" && measured !== null).length;

function withinNoise(gain: Interval, { noise }: Doubt): string {
  const machine = gain.estimate <= noise ? ` (equal work differs by up to ${percent(noise)} on this machine)` : "";
  return `The best candidate differs from the naive default by ${percent(gain.estimate)}, which is not more than noise${machine}; the default stays.`;
}

function withoutInterval(best: Candidate, incumbent: Candidate, { noise }: Doubt): Choice {
  if (best.measured === null || incumbent.measured === null) {
    const reason = "Chosen by simulation over the measured cost table; there was no time for a race.";
    return { winner: best, reason, gain: null };
  }
  const [own, naive] = [capacityOf(best), capacityOf(incumbent)];
  const figures = `${own.toFixed(0)} requests/s under the target against the naive default's ${naive.toFixed(0)}`;
  if (own <= naive * noise) {
    const reason = `The one round that there was time for found ${figures}: equal work differs by up to ${percent(noise)} on this machine, so the default stays.`;
    return { winner: incumbent, reason, gain: null };
  }
  const reason = `Most capacity in the one round that there was time for: ${figures}. More budget would say how sure that is.`;
  return { winner: best, reason, gain: null };
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

/** Why a candidate lost against the winner, in one sentence. */
export function whyLost(candidate: Candidate, winner: Candidate, steadiness: Steadiness): string {
  const [own, best] = [capacityOf(candidate), capacityOf(winner)].map((capacity) => capacity.toFixed(0));
  if (candidate.measured !== null) {
    const gain = gainOver(candidate, winner, { challengers: 1, noise: noiseOf(steadiness) });
    const noise = gain === null || gain.high >= 1 ? ", within noise" : "";
    return `Measured ${own} requests/s under the target against ${best}${noise}.`;
  }
  if (candidate.prediction !== null) return `Predicted ${own} requests/s under the target against ${best}; not raced.`;
  return "Not measured.";
}
