/**
 * The quantile of Student's t distribution that |t| stays below with this probability: 2.776 for 4 degrees of freedom
 * and 0.95. `degrees`: a whole number from 1 on. `confidence`: above 0 and below 1.
 */
export function studentQuantile(degrees: number, confidence: number): number {
  let [low, high] = [0, 1];
  while (within(degrees, high) < confidence) high *= 2;
  while (high - low > 1e-9 * high) {
    const middle = (low + high) / 2;
    if (within(degrees, middle) < confidence) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** P(|T| < t), as the finite sums of Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.3 and 26.7.4. */
function within(degrees: number, t: number): number {
  const angle = Math.atan(t / Math.sqrt(degrees));
  const square = Math.cos(angle) ** 2;
  const odd = degrees % 2 === 1;
  let term = odd ? Math.cos(angle) : 1;
  let sum = degrees === 1 ? 0 : term;
  for (let k = odd ? 3 : 2; k <= degrees - 2; k += 2) {
    term *= ((k - 1) / k) * square;
    sum += term;
  }
  return odd ? (2 / Math.PI) * (angle + Math.sin(angle) * sum) : Math.sin(angle) * sum;
}
