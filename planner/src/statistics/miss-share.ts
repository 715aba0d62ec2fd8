import type { Interval } from "@sweetspot/crds";
import type { MissBlock } from "./excess-detector.ts";

/** Batches that a window is cut into, and Student's two-sided 95 % quantile for one less. */
const batches = 20;
const studentT = 2.093;
const normalT = 1.96;

/**
 * The share of bad requests in a window with its 95 % interval; null without requests.
 *
 * The window is cut into 20 batches of about as many requests, whose scatter shows how much misses cluster ("batch means",
 * Law and Kelton, Simulation Modeling and Analysis, ch. 9; the variance is that of a ratio of means). Never narrower than
 * Wilson's interval for independent requests, which also speaks where there was no miss at all.
 */
export function missShare(blocks: readonly MissBlock[]): Interval | null {
  const total = blocks.reduce((sum, block) => sum + block.total, 0);
  if (total === 0) return null;
  const estimate = blocks.reduce((sum, block) => sum + block.bad, 0) / total;
  const half = studentT * Math.sqrt(batchVariance(blocks, total, estimate));
  const wilson = wilsonInterval(estimate, total);
  return {
    estimate,
    low: Math.max(0, Math.min(estimate - half, wilson.low)),
    high: Math.min(1, Math.max(estimate + half, wilson.high)),
  };
}

/** Variance of the share, from the batches' deviations from it. */
function batchVariance(blocks: readonly MissBlock[], total: number, share: number): number {
  const deviations = new Float64Array(batches);
  let seen = 0;
  for (const block of blocks) {
    const batch = Math.min(batches - 1, Math.floor((batches * seen) / total));
    deviations[batch] = (deviations[batch] as number) + block.bad - share * block.total;
    seen += block.total;
  }
  const squares = deviations.reduce((sum, deviation) => sum + deviation ** 2, 0);
  return ((batches / (batches - 1)) * squares) / total ** 2;
}

/** Wilson, "Probable inference, the law of succession, and statistical inference", JASA 1927. */
function wilsonInterval(share: number, n: number) {
  const z2 = normalT ** 2;
  const centre = (share + z2 / (2 * n)) / (1 + z2 / n);
  const half = (normalT / (1 + z2 / n)) * Math.sqrt((share * (1 - share)) / n + z2 / (4 * n ** 2));
  return { low: centre - half, high: centre + half };
}
