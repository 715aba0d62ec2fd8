import type { Candidate, Environment, Interval } from "@sweetspot/crds";
import { pairedRatio } from "@sweetspot/planner";
import { bracketTolerance } from "../measure/bracket.ts";

/** What two measurements at different times may differ by unnoticed: brackets void only larger changes of speed. */
export const unnoticedDrift = 1 + bracketTolerance;

/** By how much equal work may differ when it is timed side by side: what the A/A test says, or else the most it may. */
export const noiseOf = ({ noiseFactor }: Pick<Environment, "noiseFactor">): number => noiseFactor ?? unnoticedDrift;

/** Capacities of the rounds that both candidates ran undisturbed, as pairs, requests per second. */
function pairedRounds(candidate: Candidate, other: Candidate): (readonly [number, number])[] {
  const valid = ({ rounds }: Candidate) => rounds.filter((round) => !round.void && round.capacityRequestsPerSecond > 0);
  const rivals = new Map(valid(other).map((round) => [round.round, round.capacityRequestsPerSecond]));
  return valid(candidate).flatMap(({ round, capacityRequestsPerSecond }) => {
    const rival = rivals.get(round);
    return rival === undefined ? [] : [[capacityRequestsPerSecond, rival] as const];
  });
}

/** How much a ratio must show before it is believed. */
export interface Doubt {
  /** Candidates that were held against the same one: among many equals one looks better by luck. */
  readonly challengers: number;
  /** Factor by which equal work differs when it is timed once, at least 1, see `noiseOf`. */
  readonly noise: number;
}

/**
 * What the log ratio of equals scatters by from round to round, on the small virtual machine with neighbours that `npm run proof --
 * tuner-6` replays. Two rounds cannot tell that by themselves: their t interval takes six times the capacity for noise.
 */
const usualSpread = { deviation: 0.2, degrees: 4 };

/**
 * Capacity of one candidate over another's, with an interval that holds for all challengers at once with 95 % confidence
 * (Bonferroni), and that is never narrower than the machine's own noise averaged over as many rounds. The rounds' own
 * interval or the one that experience moderates, whichever says more. Null with fewer than two paired rounds.
 */
export function gainOver(candidate: Candidate, other: Candidate, { challengers, noise }: Doubt): Interval | null {
  const pairs = pairedRounds(candidate, other);
  const confidence = 1 - 0.05 / Math.max(1, challengers);
  const [own, moderated] = [pairedRatio(pairs, confidence), pairedRatio(pairs, confidence, usualSpread)];
  if (own === null || moderated === null) return null;
  const ratio = own.low > moderated.low ? own : moderated;
  const least = noise ** (1 / Math.sqrt(pairs.length));
  const { estimate, low, high } = ratio;
  return { estimate, low: Math.min(low, estimate / least), high: Math.max(high, estimate * least) };
}
