import { apiVersion, type ServiceLevelReport, type ServingPlan } from "@sweetspot/crds";
import type { EnginePool } from "../engine/engine.ts";
import type { CostWatch } from "./cost-watch.ts";
import type { ServiceLevel } from "./service-level.ts";

export interface ReportSources {
  readonly plan: ServingPlan;
  readonly level: ServiceLevel;
  readonly costs?: CostWatch | null;
  readonly pool: Pick<EnginePool, "status" | "pinning">;
  /** Why a newer plan was not taken; null when the last one was. */
  readonly planError: string | null;
  readonly at: Date;
}

/** What a server says of itself since it took its plan. */
export function buildReport({ plan, level, pool, costs = null, planError, at }: ReportSources): ServiceLevelReport {
  return {
    apiVersion,
    kind: "ServiceLevelReport",
    modelName: plan.modelName,
    planRevision: plan.revision,
    planError,
    since: level.since.toISOString(),
    at: at.toISOString(),
    target: plan.serviceLevel,
    counts: level.counts(),
    latencyMilliseconds: level.latencyMilliseconds(),
    batches: level.batches,
    rows: level.rows,
    usefulLength: level.usefulLength,
    paddedLength: level.paddedLength,
    costRatio: level.costRatio(),
    drift: costs?.drift() ?? null,
    pinning: pool.pinning(),
    traffic: level.traffic.report(),
    engines: pool.status(),
  };
}
