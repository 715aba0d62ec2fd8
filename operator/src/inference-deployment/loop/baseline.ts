import type { PlanHistory, TrafficSnapshot } from "@sweetspot/crds";
import type { ServiceLevelVerdict } from "../../policies/service-level.ts";

/** So many requests say what sizes the traffic has. */
const leastRequests = 50;

/**
 * What the plan did in its first minutes is what it is held against later, once it had traffic. While the target is missed
 * nothing is taken for usual.
 */
export function withBaseline(
  history: PlanHistory,
  traffic: TrafficSnapshot,
  level: ServiceLevelVerdict,
  {
    measured,
    now,
    baselineSeconds,
  }: { readonly measured: boolean; readonly now: number; readonly baselineSeconds: number },
): PlanHistory {
  const { baseline, revisions, serving, trial } = history;
  const since = revisions.find(({ name }) => name === serving)?.since;
  if (trial !== null || baseline.complete || since === undefined || now < Date.parse(since) + 1000 * baselineSeconds)
    return history;
  const requests = traffic.lengths.reduce((sum, count) => sum + count, 0);
  const known = requests >= leastRequests && (traffic.costRatio !== null || !measured);
  return known && level.state !== "Breached" ? { ...history, baseline: { complete: true, traffic } } : history;
}
