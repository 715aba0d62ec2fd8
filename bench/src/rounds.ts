import { median } from "@sweetspot/planner";

/** Brackets further apart than this void a round: the machine changed speed meanwhile. */
const bracketTolerance = 0.15;

/** One contestant of an interleaved comparison; `measure` returns a throughput or any figure where more is better. */
export interface Contestant {
  readonly name: string;
  readonly measure: (round: number) => Promise<number>;
}

/** One round: the baseline before and after, and every contestant once between. */
export interface Round {
  readonly round: number;
  readonly before: number;
  readonly after: number;
  readonly void: boolean;
  readonly figures: Readonly<Record<string, number>>;
}

/** Median and range of a ratio over the valid rounds; null when all were void. */
export interface RatioSummary {
  readonly median: number;
  readonly minimum: number;
  readonly maximum: number;
  readonly rounds: number;
}

/**
 * Runs contestants in rounds, in changing order, bracketed by a baseline. On a shared machine only ratios within a round
 * can be believed, and only where the brackets agree. Void rounds are made up for until there are `mostRounds` in all.
 */
export async function interleave(
  baseline: () => Promise<number>,
  contestants: readonly Contestant[],
  rounds: number,
  mostRounds = rounds,
) {
  const results: Round[] = [];
  const valid = () => results.filter((result) => !result.void).length;
  let before = await baseline();
  for (let round = 0; round < mostRounds && valid() < rounds; round += 1) {
    const figures: Record<string, number> = {};
    for (let i = 0; i < contestants.length; i += 1) {
      const { name, measure } = contestants[(i + round) % contestants.length] as Contestant;
      figures[name] = await measure(round);
    }
    const after = await baseline();
    const isVoid = bracketsDiffer(before, after);
    results.push({ round, before, after, void: isVoid, figures });
    console.error(`  round ${round + 1}, for ${rounds}${isVoid ? ": void, the machine changed speed" : ""}`);
    before = after;
  }
  return results;
}

/** Did the machine change speed between two measurements of the same? */
export const bracketsDiffer = (before: number, after: number): boolean =>
  Math.max(before, after) / Math.min(before, after) - 1 > bracketTolerance;

/** Ratio of a contestant to another one, or to the mean of the round's brackets when `to` is absent. */
export function ratioOf(rounds: readonly Round[], name: string, to?: string): RatioSummary | null {
  const ratios = rounds
    .filter((round) => !round.void)
    .map(
      (round) =>
        (round.figures[name] ?? 0) / (to === undefined ? (round.before + round.after) / 2 : (round.figures[to] ?? 0)),
    );
  return summaryOf(ratios);
}

/** Median and range of the ratios of valid rounds; null when there were none. */
export const summaryOf = (ratios: readonly number[]): RatioSummary | null =>
  ratios.length === 0
    ? null
    : { median: median(ratios), minimum: Math.min(...ratios), maximum: Math.max(...ratios), rounds: ratios.length };
