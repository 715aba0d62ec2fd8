import type { Autoscaling, AutoscalingStatus } from "@sweetspot/crds";
import type { Action } from "../actions/action.ts";
import {
  decideReplicas,
  noScalingMemory,
  type ScalingDecision,
  type ScalingMemory,
  type ScalingSituation,
} from "../policies/autoscaling.ts";
import { surgeRate } from "../policies/pod-traffic.ts";
import { meanCapacity } from "../policies/replica-distribution.ts";
import { inferenceDeployments } from "../resources.ts";
import type { TargetControl } from "./loop/control.ts";
import type { Observed } from "./observed.ts";

/** How many replicas all targets are to have together. */
export interface Scaling {
  readonly replicas: number;
  /** Wanted at the look before. Where the operator does not choose it, the same; where it begins to, what there is. */
  readonly before: number;
  readonly memory: ScalingMemory;
  /** As status shows it; null where the spec says how many. */
  readonly status: AutoscalingStatus | null;
}

/** The replicas of the spec, or those that the load takes where the spec leaves them to the operator. Pure. */
export function scaleByLoad(observed: Observed, controls: readonly TargetControl[]): Scaling {
  const { spec, infd, targets, now } = observed;
  const { autoscaling } = spec;
  if (autoscaling === undefined || spec.replicas === 0) {
    const { replicas } = spec;
    return { replicas, before: replicas, memory: noScalingMemory, status: null };
  }
  const previous = infd.status?.autoscaling;
  const { minReplicas, maxReplicas, scaleDownSeconds } = autoscaling;
  const pods = controls.flatMap(({ look }) => look.pods);
  const heard = pods.filter(({ report }) => report?.traffic !== undefined);
  const mean = controls.reduce((sum, { moment }) => sum + moment.traffic.requestsPerSecond, 0);
  // Before the first decision what there is stays: somebody else has chosen it.
  const current =
    previous?.replicas ?? targets.reduce((sum, { deployment }) => sum + (deployment?.spec?.replicas ?? 0), 0);
  const decision = decideReplicas(
    {
      minimum: minReplicas,
      maximum: maxReplicas,
      promised: spec.serviceLevel.minimumRequestsPerSecond ?? 0,
      stableSeconds: scaleDownSeconds,
      current,
      capacity: capacityBy(autoscaling, controls),
      offered: heard.length === 0 ? null : Math.max(mean, surgeRate(pods, now / 1000)),
      complete: heard.length === pods.length,
      now,
    },
    observed.scaling,
  );
  const { replicas, memory } = decision;
  return { replicas, before: current, memory, status: statusOf(decision, previous, now) };
}

/** Null while a target is not measured. */
function capacityBy({ loadBalancing }: Autoscaling, controls: readonly TargetControl[]): ScalingSituation["capacity"] {
  const each = controls.map(({ serving }) => serving?.revision.capacityRequestsPerSecond);
  const capacities = each.filter((capacity) => capacity !== undefined);
  if (capacities.length < each.length) return null;
  // Where each pod gets the same share of the requests, the target whose replica carries least decides.
  if (loadBalancing === "Even") return () => Math.min(...capacities);
  return (replicas) => meanCapacity(replicas, capacities);
}

/** It stays as it was written while the decision does, so that figures of a steady load are not written every few seconds. */
function statusOf(
  { replicas, reason, message }: ScalingDecision,
  previous: AutoscalingStatus | undefined,
  now: number,
): AutoscalingStatus {
  if (previous?.replicas === replicas && previous.reason === reason) return previous;
  return { replicas, reason, message, since: new Date(now).toISOString() };
}

/** What changed and why, and that the maximum is in the way, each once: held against what status said before. */
export function scalingEvents({ infd }: Observed, { status }: Scaling): Action[] {
  const previous = infd.status?.autoscaling;
  if (status === null || previous === undefined) return [];
  const tell = (type: "Normal" | "Warning", reason: string, note: string): Action => ({
    kind: "RecordEvent",
    resource: inferenceDeployments,
    object: infd,
    ...{ type, reason, action: "Scale", note },
  });
  const { replicas, reason, message } = status;
  const changed = replicas !== previous.replicas;
  const verb = replicas > previous.replicas ? "ScaledUp" : "ScaledDown";
  return [
    ...(changed ? [tell("Normal", verb, `From ${previous.replicas} to ${replicas} replicas: ${message}`)] : []),
    ...(reason === "AtMaximum" && previous.reason !== reason ? [tell("Warning", reason, message)] : []),
  ];
}
