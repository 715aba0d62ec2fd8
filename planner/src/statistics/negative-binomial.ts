/**
 * P(X <= k) of counts that scatter more than a binomial's: a negative binomial with this mean and variance, or a Poisson
 * distribution where the variance is no greater than the mean. It is what a Poisson count becomes when its rate itself
 * varies, as the rate of misses does with the length of a queue.
 */
export function negativeBinomialAtMost(k: number, mean: number, variance: number): number {
  if (k < 0) return 0;
  if (mean <= 0) return 1;
  // Infinite size is Poisson. A size of millions cannot be told from it and would cancel in the logarithm below.
  const size = variance > mean * (1 + 1e-6) ? (mean * mean) / (variance - mean) : Number.POSITIVE_INFINITY;
  const poisson = size === Number.POSITIVE_INFINITY;
  const logSuccess = poisson ? Math.log(mean) : Math.log(mean / (size + mean));
  // Logarithms, because the probability of no event underflows for large means.
  let logProbability = poisson ? -mean : -size * Math.log1p(mean / size);
  let sum = Math.exp(logProbability);
  for (let i = 0; i < k; i += 1) {
    logProbability += logSuccess - Math.log(i + 1) + (poisson ? 0 : Math.log(i + size));
    sum += Math.exp(logProbability);
  }
  return Math.min(1, sum);
}
