import type { Interval, QualityMetric, QualityResult } from "@sweetspot/crds";
import { type Random, seededRandom } from "@sweetspot/planner";
import { binomialUpper, bootstrapInterval, isCount } from "./bootstrap.ts";
import type { SampleLoss } from "./metrics.ts";

/** With fewer samples no resampling is worth its name. */
const fewestSamples = 10;
const mostSamples = 1_000_000;

/**
 * Passes a variant whose loss is, with 95 % confidence, at most `limit`; fails one whose loss is above it with the same
 * confidence; and else says how many samples more would probably decide.
 *
 * `losses`: one per sample, see `lossOf`. `limit`: share from 0 to 1 (`maximumLossBasisPoints` / 10,000).
 */
export function judgeQuality(
  metric: QualityMetric,
  losses: readonly SampleLoss[],
  limit: number,
  random: Random = seededRandom(1),
): QualityResult {
  const loss = bootstrapInterval(losses, random);
  const base = { metric, samples: losses.length };
  if (loss === null) {
    // Nothing to lose in any sample (no text was recognised): more of the kind would not help, better ones would.
    const unknown = { estimate: 0, low: 0, high: 1 };
    return { ...base, loss: unknown, verdict: "Inconclusive", moreSamples: Math.max(fewestSamples, losses.length) };
  }
  const verdict = verdictOf(loss, limit, losses.length);
  if (verdict !== "Inconclusive") return { ...base, loss, verdict, moreSamples: null };
  return { ...base, loss, verdict, moreSamples: moreSamples(losses, loss, limit) };
}

function verdictOf({ estimate, low, high }: Interval, limit: number, samples: number): QualityResult["verdict"] {
  // A limit of zero allows no loss at all, and one that was seen is there.
  if (limit === 0 && estimate > 0) return "Fail";
  if (samples < fewestSamples) return "Inconclusive";
  if (high <= limit) return "Pass";
  return low > limit ? "Fail" : "Inconclusive";
}

/** Samples to add so that the interval probably clears the limit, if the loss stays as it is. At least 1. */
function moreSamples(losses: readonly SampleLoss[], loss: Interval, limit: number): number {
  const count = losses.length;
  const needed = Math.max(fewestSamples, widthNeeds(count, loss, limit), countNeeds(losses, loss, limit));
  return Math.min(mostSamples, Math.max(1, Math.ceil(needed) - count));
}

/** The width of an interval shrinks with the root of the number of samples; without an error there is none to shrink. */
function widthNeeds(count: number, { estimate, low, high }: Interval, limit: number): number {
  const [room, half] = estimate <= limit ? [limit - estimate, high - estimate] : [estimate - limit, estimate - low];
  if (estimate === 0) return 0;
  return room === 0 ? mostSamples : count * Math.max(0, half / room) ** 2;
}

/** As many samples as the exact interval takes to fall below the limit. */
function countNeeds(losses: readonly SampleLoss[], { estimate }: Interval, limit: number): number {
  if (!isCount(losses) || estimate >= limit) return 0;
  const trialsPerSample = losses.reduce((sum, { of }) => sum + of, 0) / losses.length;
  const rate = Math.max(0, estimate);
  let trials = losses.length * trialsPerSample;
  while (binomialUpper(Math.ceil(trials), Math.floor(rate * trials)) > limit && trials < mostSamples) trials *= 1.1;
  return trials / trialsPerSample;
}
