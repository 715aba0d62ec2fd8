import { millisecondsOf, percentOf } from "../in-words.ts";
import { capacityOf, offeredRate } from "./load.ts";
import type { DiagnosisPolicy } from "./observation.ts";

/** The share of a request's time outside of queue and engine has grown when it is so much more, */
const grownShare = 0.1;
/** and the time itself so many times what it was. */
const grownTimes = 1.5;

/**
 * What comes before and after the model takes more of a request's time than at promotion: decoding, tokenizing, encoding. Beyond
 * the measured capacity it proves nothing, because everything waits for a CPU then.
 */
export const processing: DiagnosisPolicy = (observation) => {
  const { present, promoted } = observation;
  if (present.stages === null || promoted === null || promoted.stages === null) return null;
  const [now, before] = [shareOutside(present.stages), shareOutside(promoted.stages)];
  const overloaded = offeredRate(observation) > (capacityOf(observation) ?? Number.POSITIVE_INFINITY);
  const times = present.stages.other / Math.max(1, promoted.stages.other);
  return {
    cause: "Processing",
    holds: !overloaded && now - before >= grownShare && times >= grownTimes,
    evidence: { share: now, shareBefore: before, microseconds: present.stages.other, times },
    sentence: `Work before and after the model takes ${millisecondsOf(present.stages.other)} of a request, ${percentOf(now)} of its time, and took ${percentOf(before)} at promotion.`,
    remedy: { kind: "Advise" },
  };
};

function shareOutside({ queue, engine, other }: { queue: number; engine: number; other: number }): number {
  const total = queue + engine + other;
  return total === 0 ? 0 : other / total;
}
