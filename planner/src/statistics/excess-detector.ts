import { type Scale, Wealth } from "./wealth.ts";

/** Requests of some seconds, and how many of them were bad. `bad <= total`. */
export interface MissBlock {
  readonly seconds: number;
  readonly total: number;
  readonly bad: number;
}

export interface ExcessOptions {
  /** Share of requests that may be bad: 0.01 for a p99. */
  readonly allowed: number;
  /** Least expected time until a service that is bad just as often as allowed is accused, seconds. */
  readonly falseAlarmSeconds: number;
  /** An excess was found before these blocks and has not been over since. */
  readonly already?: boolean;
}

export interface Excess {
  /** The blocks show more bad requests than are allowed, and not that it is over. */
  readonly exceeded: boolean;
  /** Index of the block with which the excess probably began; null while there is none. */
  readonly began: number | null;
  /** Natural logarithm of the evidence over what an accusation takes: 0 accuses. */
  readonly logEvidence: number;
}

/**
 * Short blocks find a large excess soon; their neighbours are correlated where queues are long. Long ones find a small excess, and
 * what queues up in one is over in the next. Simulated queues have, between blocks of 200 requests, a correlation of 0.03 at a
 * load of 0.7, of 0.18 at 0.85 and of 0.33 at 0.9; between blocks of 1,600 none.
 */
const scales: readonly Scale[] = [
  { requests: 200, seconds: 60, temper: 0.65 },
  { requests: 1600, seconds: 600, temper: 1 },
];

/**
 * Finds, as early as the evidence allows, that more requests are bad than allowed. It may be asked after every block.
 *
 * Misses in a queue come in clusters, so that no binomial holds. What is used is only that, as long as the service keeps
 * its promise, a block has on average at most `allowed` of its requests bad, whatever the distribution within the block:
 * then for each bet 0 <= b < 1 the wealth `prod(1 + b (share / allowed - 1))` does not grow on average. Wealth is begun anew
 * with each block, mixed over the bets and two lengths of blocks, and an accusation takes so much that its expected time under
 * that hypothesis is at least `falseAlarmSeconds`. An excess is over when `isOver` says so.
 *
 * Sources: the bets are those of Waudby-Smith and Ramdas, "Estimating means of bounded random variables by betting", JRSS B
 * 2024; the sum over beginnings is the e-detector of Shin, Ramdas and Rinaldo, "E-detectors: a nonparametric framework for
 * sequential change detection", NEJSDS 2024, whose expected time to a false alarm needs no independence within blocks. That
 * of neighbouring blocks it does need; the scales make up for the rest, and tests hold them against simulated queues.
 */
export function detectExcess(blocks: readonly MissBlock[], options: ExcessOptions): Excess {
  const { allowed, falseAlarmSeconds: ceiling, already = false } = options;
  const fresh = () => scales.map((scale) => new Wealth(scale, allowed, ceiling));
  let wealth = fresh();
  let began = already ? 0 : null;
  let clear = 0;
  for (const [index, block] of blocks.entries()) {
    for (const one of wealth) one.add(block, index);
    if (began === null && evidenceOf(wealth) >= ceiling) began = beginningOf(wealth);
    if (began !== null && isOver(blocks, clear, index, allowed)) {
      began = null;
      clear = index + 1;
      wealth = fresh();
    }
  }
  return { exceeded: began !== null, began, logEvidence: Math.log(evidenceOf(wealth) / ceiling) };
}

const evidenceOf = (wealth: readonly Wealth[]): number =>
  wealth.reduce((sum, { evidence }) => sum + evidence, 0) / wealth.length;

function beginningOf(wealth: readonly Wealth[]): number {
  return wealth.reduce((best, one) => (one.evidence > best.evidence ? one : best)).beginning;
}

/** How long, and how many requests, must have been good before an excess counts as over. */
const clearSeconds = 600;
const clearRequests = 100;

/**
 * In the ten minutes up to block `last` at most half of what is allowed was bad. Half, so that a steady small excess does not come
 * and go. Blocks before `first` do not count.
 */
function isOver(blocks: readonly MissBlock[], first: number, last: number, allowed: number): boolean {
  let [seconds, total, bad] = [0, 0, 0];
  for (let i = last; i >= first && seconds < clearSeconds; i -= 1) {
    const block = blocks[i] as MissBlock;
    seconds += block.seconds;
    total += block.total;
    bad += block.bad;
  }
  return seconds >= clearSeconds && total >= clearRequests && bad <= (allowed * total) / 2;
}
