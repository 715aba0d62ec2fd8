import { type PodTraffic, requestBlocks, type TrafficBlock } from "../../policies/pod-traffic.ts";
import type { PrometheusCounts } from "../../reports/prometheus-counts.ts";

/** What Prometheus has scraped and pods have told of is compared over these seconds before now. */
const comparedFrom = 420;
const comparedTo = 120;
const leastRequests = 100;

/**
 * The requests that Prometheus counted, or why they cannot be judged. An empty answer is no problem by itself, because a
 * target may have no traffic: it is one where pods tell of requests that Prometheus knows nothing of. `now`: seconds since the epoch.
 */
export function countedRequests(counts: PrometheusCounts, pods: readonly PodTraffic[], now: number): PrometheusCounts {
  if ("problem" in counts) return counts;
  const told = sumOf(requestBlocks(pods, now - comparedFrom, now), now);
  const lacks = told >= leastRequests && sumOf(counts.blocks, now) < told / 2;
  return lacks
    ? { problem: "it knows little of the requests that pods tell of, as if it did not scrape them" }
    : counts;
}

const sumOf = (blocks: readonly TrafficBlock[], now: number): number =>
  blocks
    .filter(({ start, seconds }) => start >= now - comparedFrom && start + seconds <= now - comparedTo)
    .reduce((sum, { total }) => sum + total, 0);
