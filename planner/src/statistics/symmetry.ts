/** Evidence from differences that were made positive or negative by a fair coin. */
export interface SymmetryTest {
  /** Natural logarithm of the evidence that the differences are larger than zero on the whole, and smaller. */
  readonly logLarger: number;
  readonly logSmaller: number;
}

/** Bets in units of one over the typical difference. */
const bets = [0.25, 0.5, 1, 2, 4];

/**
 * Evidence against "these differences are symmetric about zero", which may be looked at after each one: under symmetry the
 * chance that `exp(logLarger)` ever reaches 1/alpha is at most alpha, and the same for `logSmaller`.
 *
 * Where a fair coin decides which of two treatments comes first, and both are the same, differences are symmetric whatever
 * the noise: bursts, trends, heavy tails and correlation only cost power. The wealth of a bet grows by
 * `exp(b d) / cosh(b d)`, whose mean over the two signs is one; the scale of a bet comes from the differences before, so
 * that units do not matter. A single difference cannot double the evidence, so that five are the least for 1/alpha = 20.
 *
 * Sources: de la Peña, "A general class of exponential inequalities for martingales and ratios", Annals of Probability 1999;
 * Ramdas, Ruf, Larsson and Koolen, "Admissible anytime-valid sequential inference must rely on nonnegative martingales", 2020.
 */
export function symmetryEvidence(differences: readonly number[]): SymmetryTest {
  const larger = new Float64Array(bets.length);
  const smaller = new Float64Array(bets.length);
  /** Sizes of the differences before, ascending. */
  const before: number[] = [];
  for (const difference of differences) {
    // The typical size so far, whatever the signs, which must stay a surprise. Of the first one only the sign counts.
    const scale = before[before.length >> 1] ?? Math.abs(difference);
    const scaled = scale === 0 ? Math.sign(difference) : difference / scale;
    bets.forEach((bet, i) => {
      const even = logCosh(bet * scaled);
      larger[i] = (larger[i] as number) + bet * scaled - even;
      smaller[i] = (smaller[i] as number) - bet * scaled - even;
    });
    insert(before, Math.abs(difference));
  }
  return { logLarger: logMean(larger), logSmaller: logMean(smaller) };
}

function insert(ascending: number[], value: number): void {
  const next = ascending.findIndex((other) => other > value);
  ascending.splice(next === -1 ? ascending.length : next, 0, value);
}

const logCosh = (x: number): number => Math.abs(x) + Math.log1p(Math.exp(-2 * Math.abs(x))) - Math.LN2;

/** Logarithm of the mean of the exponentials. */
function logMean(logs: Float64Array): number {
  const highest = Math.max(...logs);
  return highest + Math.log(logs.reduce((sum, log) => sum + Math.exp(log - highest), 0) / logs.length);
}
