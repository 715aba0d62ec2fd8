import { type ServiceLevelTarget, shareOf } from "@sweetspot/crds";
import { detectExcess, missShare } from "@sweetspot/planner";
import { percentOf } from "./in-words.ts";
import { endOf, type PodTraffic, requestBlocks, type TrafficBlock } from "./pod-traffic.ts";

/** What the judgement of a target's service level depends on. */
export interface ServiceLevelInput {
  readonly target: ServiceLevelTarget;
  /** All pods that should serve. */
  readonly pods: readonly PodTraffic[];
  /** Requests that somebody else counted, which are judged instead of what pods tell; null where they cannot be had. */
  readonly counted?: readonly TrafficBlock[] | null;
  /** Milliseconds since the epoch: what was before (another plan, another target) does not count. */
  readonly judgedFrom: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** What was said last; null at first, and after a change of plan or target. */
  readonly previous: Pick<ServiceLevelVerdict, "state" | "began"> | null;
}

type ServiceLevelState = "Met" | "Breached" | "Unknown";
type ServiceLevelReason = "Met" | "Missed" | "Undecided" | "TooFewRequests" | "NoTraffic" | "NoReports";

export interface ServiceLevelVerdict {
  readonly state: ServiceLevelState;
  readonly reason: ServiceLevelReason;
  /** Share of requests that may be bad. */
  readonly allowed: number;
  readonly requests: number;
  readonly bad: number;
  /** Share of bad requests in the slow window, with its 95 % interval; null without requests. */
  readonly share: { readonly estimate: number; readonly low: number; readonly high: number } | null;
  /** When the breach probably began, milliseconds since the epoch; null without one. */
  readonly began: number | null;
  /** How fast the budget burns, in the last minute: 1 is just what is allowed. It decides how urgent a breach is, never whether. */
  readonly burnRate: number;
  readonly urgent: boolean;
  /** Pods that should have reported and did not. A condition of its own: it neither makes nor hides a breach. */
  readonly silentPods: readonly string[];
  readonly sentence: string;
}

/** The slow window: what pods remember. */
const windowSeconds = 3600;
/** A service that just keeps its promise is wrongly accused once in so long, or less often. */
const falseAlarmSeconds = 20 * 7 * 86_400;
/** With fewer requests in the window nothing is said. */
const leastRequests = 100;
/** And a breach takes more than a handful of unlucky ones. */
const leastBad = 10;

/** Burns the budget so fast that an hour of it empties it: `min(10, 1 + 0.5 (1/budget - 1))`, at most half of all requests. */
export const urgentBurnRate = (allowed: number): number => Math.min(10, 1 + 0.5 * (1 / allowed - 1));

/**
 * Whether a target is met, from what its pods counted. A breach is found by `detectExcess`, early when it is large; that the
 * target is met is an interval over the slow window. Between the two nothing is known.
 */
export function judgeServiceLevel(input: ServiceLevelInput): ServiceLevelVerdict {
  const allowed = 1 - shareOf(input.target.percentile);
  const now = input.now / 1000;
  const blocks = blocksFrom(input, Math.max(input.judgedFrom / 1000, now - windowSeconds));
  const requests = sumOf(blocks, "total");
  const bad = sumOf(blocks, "bad");
  const share = missShare(blocks);
  const { reason, began } = judge(input, blocks, { allowed, requests, bad, share });
  const burnRate = shareOfLast(blocks, 60) / allowed;
  const fast = urgentBurnRate(allowed);
  return {
    state: reason === "Missed" ? "Breached" : reason === "Met" ? "Met" : "Unknown",
    reason,
    allowed,
    requests,
    bad,
    share,
    began,
    burnRate,
    urgent: reason === "Missed" && burnRate >= fast && shareOfLast(blocks, 300) / allowed >= fast,
    silentPods: input.pods.filter(({ report }) => report === null).map(({ pod }) => pod),
    sentence: sentences[reason]({ requests, share: percentOf(share?.estimate ?? 0), allowed: percentOf(allowed) }),
  };
}

function blocksFrom({ pods, counted, now }: ServiceLevelInput, from: number): readonly TrafficBlock[] {
  if (counted === undefined) return requestBlocks(pods, from, now / 1000);
  return (counted ?? []).filter(({ start }) => start >= from);
}

type Counted = Pick<ServiceLevelVerdict, "allowed" | "requests" | "bad" | "share">;

function judge(
  { pods, counted, previous }: ServiceLevelInput,
  blocks: readonly TrafficBlock[],
  { allowed, requests, bad, share }: Counted,
): Pick<ServiceLevelVerdict, "reason" | "began"> {
  const quiet = (reason: ServiceLevelReason) => ({ reason, began: null });
  const unknown = counted === undefined ? pods.every(({ report }) => report?.traffic === undefined) : counted === null;
  if (unknown) return quiet("NoReports");
  if (share === null) return quiet("NoTraffic");
  const already = previous?.state === "Breached";
  const excess = detectExcess(blocks, { allowed, falseAlarmSeconds, already });
  if (excess.exceeded && (already || bad >= leastBad) && requests >= leastRequests) {
    const first = (blocks[excess.began ?? 0] as TrafficBlock).start * 1000;
    return { reason: "Missed", began: (already ? previous.began : null) ?? first };
  }
  if (requests < leastRequests) return quiet("TooFewRequests");
  // What was met stays so while it looks so: the interval's edge must not make a condition flap.
  const met = share.high <= allowed || (previous?.state === "Met" && share.estimate <= allowed);
  return quiet(met ? "Met" : "Undecided");
}

const sumOf = (blocks: readonly TrafficBlock[], of: "total" | "bad"): number =>
  blocks.reduce((sum, block) => sum + block[of], 0);

function shareOfLast(blocks: readonly TrafficBlock[], seconds: number): number {
  const recent = blocks.filter(({ start }) => start >= endOf(blocks) - seconds);
  const total = sumOf(recent, "total");
  return total === 0 ? 0 : sumOf(recent, "bad") / total;
}

interface Words {
  readonly requests: number;
  readonly share: string;
  readonly allowed: string;
}

const sentences: Readonly<Record<ServiceLevelReason, (words: Words) => string>> = {
  Met: ({ requests, share, allowed }) => `${share} of ${requests} requests missed the target; ${allowed} may.`,
  Missed: ({ requests, share, allowed }) =>
    `${share} of ${requests} requests missed the target, more than the ${allowed} that may.`,
  Undecided: ({ requests, share, allowed }) =>
    `${share} of ${requests} requests missed the target; whether that is more than the ${allowed} that may, takes more requests to say.`,
  TooFewRequests: ({ requests }) => `Only ${requests} requests came within an hour, too few to judge.`,
  NoTraffic: () => "No requests came within an hour.",
  NoReports: () => "Nobody tells of the traffic.",
};
