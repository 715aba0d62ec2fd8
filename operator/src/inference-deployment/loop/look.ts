import { digestOf, type ServiceLevelReport, type ServiceLevelTarget, safeRevision } from "@sweetspot/crds";
import type { PodTraffic } from "../../policies/pod-traffic.ts";
import { judgeServiceLevel, type ServiceLevelInput, type ServiceLevelVerdict } from "../../policies/service-level.ts";
import type { PrometheusCounts } from "../../reports/prometheus-counts.ts";
import type { Pod } from "../../resources.ts";
import type { ObservedTarget } from "../observed.ts";
import { countedRequests } from "./counted-requests.ts";
import type { TargetMemory } from "./target-memory.ts";

/** What a look at the pods of a target says of its promise. */
export interface TargetLook {
  readonly pods: readonly PodTraffic[];
  readonly level: ServiceLevelVerdict;
  /** Share of missed requests in the words of status; null without a breach. */
  readonly shownShare: number | null;
  readonly memory: TargetMemory;
  /** Why Prometheus does not say how many requests there were; null where it does, or is not asked. */
  readonly countsProblem: string | null;
}

/** What is looked at. */
export interface LookQuestion {
  readonly observed: ObservedTarget;
  /** Pods that answer requests. */
  readonly ready: readonly Pod[];
  readonly target: ServiceLevelTarget;
  /** Revision of the plan that they should run; null while none was measured. */
  readonly revision: string | null;
  /** UIDs of those that should run the safe plan instead. */
  readonly without: ReadonlySet<string>;
  readonly now: number;
}

/** Status shows another share of missed requests only when it is so many times the one that it shows. */
const worthAWrite = 1.5;

/** Looks at what the pods of a target tell of their traffic. Pure. */
export function lookAtTarget({ observed, ready, target, revision, without, now }: LookQuestion): TargetLook {
  const pods = ready.map((pod) => trafficOf(pod, observed));
  const counted = pods.map((pod, index) => {
    const wanted = without.has(ready[index]?.metadata.uid ?? "") ? safeRevision : revision;
    return countsFor(pod.report, target, wanted) ? pod : { ...pod, report: null };
  });
  const since = counted.flatMap(({ report }) => (report === null ? [] : [Date.parse(report.since)]));
  const subject = digestOf({ revision, target });
  const { memory } = observed;
  const previous = memory.subject === subject ? memory.level : null;
  const judgedFrom = Math.min(...since, now);
  const counts = observed.counts === null ? null : countedRequests(observed.counts, pods, now / 1000);
  const level = judgeServiceLevel({ target, pods: counted, judgedFrom, now, previous, ...elsewhere(counts) });
  const shownShare = shareToShow(level, previous === null ? null : memory.shownShare);
  const { state, began } = level;
  return {
    pods,
    level,
    shownShare,
    memory: { subject, level: { state, began }, pending: null, shownShare },
    countsProblem: counts !== null && "problem" in counts ? counts.problem : null,
  };
}

/** Requests that Prometheus counted are judged instead of what pods tell. */
const elsewhere = (counts: PrometheusCounts | null): Pick<ServiceLevelInput, "counted"> =>
  counts === null ? {} : { counted: "blocks" in counts ? counts.blocks : null };

function trafficOf(pod: Pod, { reports }: ObservedTarget): PodTraffic {
  const answer = reports.get(pod.metadata.uid ?? "");
  const report = answer !== undefined && "report" in answer ? answer.report : null;
  return { pod: pod.metadata.name, node: pod.spec?.nodeName ?? "", report };
}

/** Requests are judged in the pod, by the target of the plan that took them: another one's say nothing here. */
function countsFor(report: ServiceLevelReport | null, target: ServiceLevelTarget, revision: string | null): boolean {
  if (report === null || (revision !== null && report.planRevision !== revision)) return false;
  return (
    report.target.percentile === target.percentile && report.target.latencyMilliseconds === target.latencyMilliseconds
  );
}

function shareToShow({ state, share }: ServiceLevelVerdict, shown: number | null): number | null {
  if (state !== "Breached" || share === null) return null;
  if (shown === null) return share.estimate;
  const ratio = share.estimate / shown;
  return ratio > worthAWrite || ratio < 1 / worthAWrite ? share.estimate : shown;
}
