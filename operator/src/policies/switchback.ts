import { seededRandom, symmetryEvidence } from "@sweetspot/planner";

/** The plan that serves, and the one that is on trial beside it in the same pod. */
type Arm = "Incumbent" | "Candidate";

/** How a trial is laid out. */
export interface SwitchbackDesign {
  /** Of the pod, so that each has coins of its own. */
  readonly seed: number;
  /** How long one plan serves at a stretch, seconds, the wash-out included. */
  readonly blockSeconds: number;
  /** So much of the beginning of each block does not count: what the other plan left in the queue. */
  readonly washOutSeconds: number;
  /** Pairs of blocks after which the trial ends at the latest, over all pods. */
  readonly mostPairs: number;
  /** Chance that a candidate that is no better is promoted, and that one that is no worse is called worse. */
  readonly alpha: number;
}

/** What a pod does at some time of a trial. */
export interface SwitchbackBlock {
  readonly pair: number;
  readonly arm: Arm;
  /** Requests that arrive now do not count. */
  readonly washingOut: boolean;
  /** When the block ends, seconds since the trial began. */
  readonly until: number;
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
 * Which plan serves at an instant of the trial (seconds since its beginning, >= 0). Each pair of blocks has both plans, and a coin
 * decides which comes first.
 *
 * ```
 * pair 0          pair 1          pair 2
 * |wB.....|wA.....|wA.....|wB.....|wA.....|wB.....|     w: wash-out
 * ```
 *
 * Source: the randomised switchback with carry-over of Bojinov, Simchi-Levi and Zhao, "Design and analysis of switchback
 * experiments", Management Science 2023.
 */
export function switchbackBlock(design: SwitchbackDesign, elapsed: number): SwitchbackBlock {
  const { blockSeconds, washOutSeconds } = design;
  const block = Math.floor(elapsed / blockSeconds);
  const pair = Math.floor(block / 2);
  const candidateFirst = coin(design.seed, pair);
  const arm = candidateFirst === (block % 2 === 0) ? "Candidate" : "Incumbent";
  return { pair, arm, washingOut: elapsed - block * blockSeconds < washOutSeconds, until: (block + 1) * blockSeconds };
}

const coin = (seed: number, pair: number): boolean => seededRandom(seed * 1_000_003 + pair)() < 0.5;

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

/** A latency counts for at most so many times the target: beyond, all are as bad as a refusal. */
const mostTargets = 4;

/**
 * What a block counts for: the mean of its latencies, each at most four times the target; refused and failed requests count as
 * that much. One unit for all, smaller is better. Null without requests.
 */
export function blockScore(latencies: readonly number[], failed: number, target: number): number | null {
  const count = latencies.length + failed;
  if (count === 0) return null;
  const worst = mostTargets * target;
  return (latencies.reduce((sum, latency) => sum + Math.min(latency, worst), 0) + failed * worst) / count;
}
