import { seededRandom } from "../statistics/random.ts";

/** The plan that serves, and the one that is on trial beside it in the same pod. */
type Arm = "Incumbent" | "Candidate";

/** How the time of a trial is divided between its plans. */
export interface BlockDesign {
  /** Of the pod, so that each has coins of its own. */
  readonly seed: number;
  /** How long one plan serves at a stretch, seconds, the wash-out included. */
  readonly blockSeconds: number;
  /** So much of the beginning of each block does not count: what the other plan left in the queue. */
  readonly washOutSeconds: number;
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
export function switchbackBlock(design: BlockDesign, elapsed: number): SwitchbackBlock {
  const { blockSeconds, washOutSeconds } = design;
  const block = Math.floor(elapsed / blockSeconds);
  const pair = Math.floor(block / 2);
  const candidateFirst = coin(design.seed, pair);
  const arm = candidateFirst === (block % 2 === 0) ? "Candidate" : "Incumbent";
  return { pair, arm, washingOut: elapsed - block * blockSeconds < washOutSeconds, until: (block + 1) * blockSeconds };
}

const coin = (seed: number, pair: number): boolean => seededRandom(seed * 1_000_003 + pair)() < 0.5;
