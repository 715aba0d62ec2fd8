import { apiVersion, type RecentTraffic, type ServiceLevelReport, type ServiceLevelTarget } from "@sweetspot/crds";

/** Whose report it is. */
export interface ReportingServer {
  readonly modelName: string;
  readonly revision: string;
  readonly target: ServiceLevelTarget;
}

/** A report of which only the recent traffic says anything: it is all that policies read. `now`: seconds since the epoch. */
export function trafficReport(
  { modelName, revision, target }: ReportingServer,
  traffic: RecentTraffic,
  now: number,
): ServiceLevelReport {
  const at = new Date(now * 1000).toISOString();
  return {
    apiVersion,
    kind: "ServiceLevelReport",
    modelName,
    planRevision: revision,
    planError: null,
    since: at,
    at,
    target,
    counts: { total: 0, late: 0, refused: 0, expired: 0, failed: 0, excluded: 0 },
    latencyMilliseconds: { p50: null, p90: null, p95: null, p99: null, p999: null, maximum: null },
    batches: 0,
    rows: 0,
    usefulLength: 0,
    paddedLength: 0,
    costRatio: null,
    pinning: "Exclusive",
    engines: [],
    traffic,
  };
}
