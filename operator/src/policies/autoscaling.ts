import type { ScalingReason } from "@sweetspot/crds";
import { roundFigure } from "../figures.ts";

/**
 * Replicas are wanted so that they run at this share of their capacity: plans are confirmed at it (`tuner/src/stages/confirm.ts`), and
 * beyond it a small burst takes the queue over the target. The chart's rule for other autoscalers has the same.
 */
export const comfortableLoad = 0.7;
/** There are fewer only where those would run below this share, so that a load at the edge does not change them back and forth. */
const relaxedLoad = 0.6;

/** What is known at a look. Rates are in requests per second. */
export interface ScalingSituation {
  /** Of all targets together. */
  readonly minimum: number;
  readonly maximum: number;
  /** What the replicas must carry even when nothing comes; 0 where nothing was promised. */
  readonly promised: number;
  /** Fewer replicas must have been enough for so long before there are fewer. */
  readonly stableSeconds: number;
  /** Wanted after the look before. */
  readonly current: number;
  /**
   * What one replica carries within the target, on average over so many of them; null where that was not measured. All together
   * never carry less than fewer do.
   */
  readonly capacity: ((replicas: number) => number) | null;
  /** What comes, by the reports that there are; null without one. */
  readonly offered: number | null;
  /** Every pod that answers requests told of its traffic. */
  readonly complete: boolean;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** How many replicas would have been enough at a look. */
interface Need {
  readonly at: number;
  readonly replicas: number;
}

/** What is remembered from look to look. Losing it costs one more stable window before there are fewer replicas. */
export interface ScalingMemory {
  /** When looking without a break began, milliseconds since the epoch; null before the first look. */
  readonly since: number | null;
  /** Looks of the stable window that no later one exceeds, oldest first: the first is the most that it took. */
  readonly needs: readonly Need[];
  /** More replicas were needed than the maximum, and are still. */
  readonly short: boolean;
  /** What was promised meanwhile: what another promise took says nothing of this one. Null before the first look. */
  readonly promised: number | null;
}

export const noScalingMemory: ScalingMemory = { since: null, needs: [], short: false, promised: null };

export interface ScalingDecision {
  readonly replicas: number;
  readonly reason: ScalingReason;
  /** Why, with the figures of this look. */
  readonly message: string;
  readonly memory: ScalingMemory;
}

/** Decides how many replicas are wanted: more at once, fewer after a stable window, never beyond the bounds. Pure. */
export function decideReplicas(situation: ScalingSituation, remembered: ScalingMemory): ScalingDecision {
  const { current, capacity, offered, now, stableSeconds, promised } = situation;
  const before = remembered.promised === promised ? remembered : noScalingMemory;
  const since = watchedSince(before, now);
  const load = capacity === null || capacity(situation.maximum) <= 0 || offered === null ? null : { capacity, offered };
  if (load === null) {
    const replicas = within(situation, current);
    const needs = withNeed(before.needs, { at: now, replicas }, stableSeconds);
    const memory = { since, needs, short: before.short, promised };
    return offered === null
      ? { replicas, reason: "NoReports", message: noReports(replicas), memory }
      : { replicas, reason: "CapacityUnknown", message: capacityUnknown(replicas), memory };
  }
  const wanted = needed(situation, load, comfortableLoad);
  const relaxed = needed(situation, load, relaxedLoad);
  // Pods that say nothing may have had any number of requests.
  const need = situation.complete ? relaxed : Math.max(relaxed, current);
  const needs = withNeed(before.needs, { at: now, replicas: need }, stableSeconds);
  const most = needs[0]?.replicas ?? need;
  const stable = now - since >= 1000 * stableSeconds;
  const replicas = within(situation, wanted > current ? wanted : stable ? Math.min(current, most) : current);
  const short = wanted > situation.maximum || (before.short && most > situation.maximum);
  return {
    replicas,
    reason: short ? "AtMaximum" : "FollowsLoad",
    message: short ? tooMuch(load, wanted, most, situation) : enough(load, replicas),
    memory: { since, needs, short, promised },
  };
}

interface Load {
  readonly capacity: (replicas: number) => number;
  readonly offered: number;
}

/** What is promised need only be carried; what comes should be carried at ease. Beyond the maximum it is by the mean of so many. */
function needed({ promised, maximum }: ScalingSituation, { capacity, offered }: Load, share: number): number {
  const by = (replicas: number) =>
    Math.max(Math.ceil(offered / (share * capacity(replicas))), Math.ceil(promised / capacity(replicas)));
  if (by(maximum) > maximum) return by(maximum);
  let [low, high] = [1, maximum];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (by(middle) <= middle) high = middle;
    else low = middle + 1;
  }
  return low;
}

const within = ({ minimum, maximum }: ScalingSituation, replicas: number): number =>
  Math.min(maximum, Math.max(minimum, replicas));

/** Looks may fail for so long: what happened in a longer break is not known. */
const longestBreakMilliseconds = 60_000;

function watchedSince({ since, needs }: ScalingMemory, now: number): number {
  const last = needs.at(-1)?.at;
  const unbroken = last !== undefined && now >= last && now - last <= longestBreakMilliseconds;
  return unbroken && since !== null ? since : now;
}

function withNeed(needs: readonly Need[], next: Need, stableSeconds: number): Need[] {
  const recent = needs.filter(({ at }) => at > next.at - 1000 * stableSeconds && at <= next.at);
  return [...recent.filter(({ replicas }) => replicas > next.replicas), next];
}

const counted = (replicas: number): string => `${replicas} replica${replicas === 1 ? "" : "s"}`;

const come = ({ offered, capacity }: Load, replicas: number): string =>
  `${roundFigure(offered)} requests/s come, and one replica carries ${roundFigure(capacity(replicas))} within the target`;

const percent = 100 * comfortableLoad;

const enough = (load: Load, replicas: number): string =>
  `${come(load, replicas)}: ${counted(replicas)} carry them at ${percent} % of that or less.`;

/** `most`: replicas that it took at some look of the stable window. */
function tooMuch(load: Load, wanted: number, most: number, { maximum, stableSeconds }: ScalingSituation): string {
  const allowed = `and spec.autoscaling.maxReplicas allows ${maximum}.`;
  return wanted > maximum
    ? `${come(load, maximum)}: it takes ${counted(wanted)} to carry them at ${percent} % of that, ${allowed}`
    : `${come(load, maximum)}: within the last ${stableSeconds} s it took ${counted(most)}, ${allowed}`;
}

const capacityUnknown = (replicas: number): string =>
  `How many requests per second one replica carries within the target is not known: ${counted(replicas)} until it is.`;

const noReports = (replicas: number): string => `No pod tells of its traffic: ${counted(replicas)} until one does.`;
