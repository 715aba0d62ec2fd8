import { type BlockDesign, symmetryEvidence } from "@sweetspot/planner";

/** How a trial is laid out. */
export interface SwitchbackDesign extends BlockDesign {
  /** Pairs of blocks after which the trial ends at the latest, over all pods. */
  readonly mostPairs: number;
  /** Chance that a candidate that is no better is promoted, and that one that is no worse is called worse. */
  readonly alpha: number;
}

/** What one pod measured in the two blocks of a pair, in one unit, smaller being better; a mean latency, say. */
export interface PairOutcome {
  readonly incumbent: number;
  readonly candidate: number;
}

export type SwitchbackVerdict =
  | { readonly kind: "Promote"; readonly reason: "Better" }
  | { readonly kind: "RollBack"; readonly reason: "Worse" | "NotShownBetter" }
  /** `pairsLeft`: how many more will probably decide, from what was seen; never more than the design allows. */
  | { readonly kind: "Continue"; readonly pairsLeft: number };

/**
 * What the pairs say so far, of all pods together; it may be asked after each. The two plans saw neighbouring times and a coin
 * chose which saw which, so that the difference of equal plans is symmetric whatever the traffic does: the chance of a false
 * `Better`, and that of a false `Worse`, is at most `alpha` each over the whole trial. Differences are those of logarithms: a
 * plan is better or worse by a factor.
 *
 * A trial that does not decide in time goes back to the incumbent.
 */
export function judgeSwitchback(pairs: readonly PairOutcome[], design: SwitchbackDesign): SwitchbackVerdict {
  const differences = pairs.map(({ incumbent, candidate }) => Math.log(candidate) - Math.log(incumbent));
  const { logLarger, logSmaller } = symmetryEvidence(differences);
  const needed = -Math.log(design.alpha);
  if (logLarger >= needed) return { kind: "RollBack", reason: "Worse" };
  if (logSmaller >= needed) return { kind: "Promote", reason: "Better" };
  if (pairs.length >= design.mostPairs) return { kind: "RollBack", reason: "NotShownBetter" };
  const left = design.mostPairs - pairs.length;
  return {
    kind: "Continue",
    pairsLeft: Math.min(left, pairsLeft(differences, needed - Math.max(logLarger, logSmaller))),
  };
}

/** At the usual growth of the evidence, which is that of a bet on the mean of differences that scatter as these do. */
function pairsLeft(differences: readonly number[], missing: number): number {
  if (differences.length < 3) return leastPairs(missing);
  const mean = differences.reduce((a, b) => a + b, 0) / differences.length;
  const square = differences.reduce((sum, difference) => sum + difference ** 2, 0) / differences.length;
  const growth = square === 0 ? 0 : mean ** 2 / (2 * square);
  return Math.max(leastPairs(missing), growth === 0 ? Number.POSITIVE_INFINITY : Math.ceil(missing / growth));
}

const leastPairs = (missing: number): number => Math.max(1, Math.ceil(missing / Math.LN2));

/** The longest that a trial takes, seconds, when so many pods try at once. */
export const longestTrialSeconds = ({ mostPairs, blockSeconds }: SwitchbackDesign, pods: number): number =>
  Math.ceil(mostPairs / Math.max(1, pods)) * 2 * blockSeconds;
