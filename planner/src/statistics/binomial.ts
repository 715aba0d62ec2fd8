/** Natural logarithm of n! by Stirling's series; exact to 1e-12 from 0 on. */
function logFactorial(n: number): number {
  if (n < 16) {
    let product = 1;
    for (let i = 2; i <= n; i += 1) product *= i;
    return Math.log(product);
  }
  const x = n + 1;
  return (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + 1 / (12 * x) - 1 / (360 * x ** 3);
}

/** P(X = k) of n independent trials of probability p. */
function probability(n: number, k: number, p: number): number {
  const logChoose = logFactorial(n) - logFactorial(k) - logFactorial(n - k);
  return Math.exp(logChoose + k * Math.log(p) + (n - k) * Math.log1p(-p));
}

/** P(X <= k): how likely at most k misses are if the true rate is p (0 < p < 1). */
export function binomialAtMost(n: number, k: number, p: number): number {
  let sum = 0;
  for (let i = 0; i <= Math.min(k, n); i += 1) sum += probability(n, i, p);
  return Math.min(1, sum);
}

/**
 * The most misses among n requests that still show, with the given confidence, that the true rate is below `allowed`;
 * -1 when n is too small for any. This is the early-stopping rule of MLPerf's LoadGen; it assumes independent requests.
 */
export function mostMissesToPass(n: number, allowed: number, confidence: number): number {
  let cumulative = 0;
  for (let k = 0; k <= n; k += 1) {
    cumulative += probability(n, k, allowed);
    if (cumulative > 1 - confidence) return k - 1;
  }
  return n;
}

/** The fewest misses among n requests that show, with the given confidence, that the true rate is above `allowed`. */
export function fewestMissesToFail(n: number, allowed: number, confidence: number): number {
  let cumulative = 0;
  for (let k = 0; k <= n; k += 1) {
    // P(X >= k) = 1 - P(X <= k - 1)
    if (1 - cumulative <= 1 - confidence) return k;
    cumulative += probability(n, k, allowed);
  }
  return n + 1;
}
