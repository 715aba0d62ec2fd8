import type { PlanForecast, ServiceLevelTarget } from "@sweetspot/crds";
import type { ForecastPlan } from "@sweetspot/planner";
import type * as Tuner from "@sweetspot/tuner";

/** A server should be loaded so far: beyond it a small burst takes the queue over the target. */
const recommendedShare = 0.7;

type Format = Pick<typeof Tuner, "figure" | "milliseconds" | "percentileName" | "rate" | "summaryOf">;

/** A forecast as the document holds it. */
export function planForecast(
  { point, forecast }: ForecastPlan,
  {
    serviceLevel,
    requestsPerSecond,
  }: { readonly serviceLevel: ServiceLevelTarget; readonly requestsPerSecond: number },
  { summaryOf }: Pick<Format, "summaryOf">,
): PlanForecast {
  const { capacityRequestsPerSecond, latencyMilliseconds } = forecast;
  const { estimate, low, high } = latencyMilliseconds;
  const usable = recommendedShare * capacityRequestsPerSecond.estimate;
  return {
    summary: summaryOf(point),
    variant: point.variant,
    layout: point.layout,
    batching: point.policy,
    capacityRequestsPerSecond,
    latencyMilliseconds: { estimate: finite(estimate), low: finite(low), high: finite(high) },
    holds: holdsAt(low, high, serviceLevel.latencyMilliseconds),
    replicas: usable > 0 ? Math.max(1, Math.ceil(requestsPerSecond / usable)) : null,
  };
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

function holdsAt(low: number, high: number, target: number): PlanForecast["holds"] {
  if (high <= target) return "Yes";
  return low > target ? "No" : "Unsure";
}

/** A forecast for a terminal, a line each. */
export function forecastLines(
  plan: PlanForecast,
  asked: { readonly serviceLevel: ServiceLevelTarget; readonly requestsPerSecond: number },
  format: Format,
): string[] {
  const { estimate, low, high } = plan.capacityRequestsPerSecond;
  const { percentile, latencyMilliseconds } = asked.serviceLevel;
  const name = format.percentileName(percentile);
  const words = (value: number | null) => (value === null ? "without end" : format.milliseconds(value));
  const { latencyMilliseconds: latency, holds, replicas } = plan;
  const kept = { Yes: "is kept", No: "is missed", Unsure: "may be missed" }[holds];
  return [
    `  Capacity under ${name} <= ${latencyMilliseconds} ms: ${format.rate(estimate)} (${format.figure(low)} to ${format.figure(high)})`,
    `  ${name} at ${format.rate(asked.requestsPerSecond)}: ${words(latency.estimate)} (${words(latency.low)} to ${words(latency.high)}); the target ${kept}`,
    replicas === null ? "  No number of replicas keeps the target." : `  Replicas at 70 % load: ${replicas}`,
  ];
}
