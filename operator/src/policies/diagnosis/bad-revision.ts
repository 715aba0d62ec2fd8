import { percentOf } from "../in-words.ts";
import { sameTraffic } from "./compare-traffic.ts";
import { offeredRate } from "./load.ts";
import type { DiagnosisPolicy } from "./observation.ts";

/** A breach that began later than this is not the revision's. */
const blameMilliseconds = 15 * 60_000;

/**
 * The breach began after a revision, the target was kept before it, and the traffic is what it was. Before and after are
 * different times: where the traffic changed too, the policies below have a better explanation.
 */
export const badRevision: DiagnosisPolicy = ({ level, present, surge, promoted, revision }) => {
  if (level.began === null || revision === null || revision.previous === null || promoted === null) return null;
  const { name, previous, since, shareBefore } = revision;
  if (shareBefore === null) return null;
  const seconds = (level.began - since) / 1000;
  const after = level.share?.estimate ?? 0;
  const holds =
    seconds >= 0 &&
    seconds * 1000 <= blameMilliseconds &&
    shareBefore <= level.allowed &&
    sameTraffic({ ...present, requestsPerSecond: offeredRate({ present, surge }) }, promoted);
  return {
    cause: "BadRevision",
    holds,
    evidence: { secondsAfterRevision: seconds, shareBefore, shareAfter: after },
    sentence: `Requests miss the target since revision ${name}: ${percentOf(after)} of them, ${percentOf(shareBefore)} before.`,
    remedy: { kind: "RollBack", revision: previous },
  };
};
