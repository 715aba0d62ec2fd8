import {
  type AutoscalingStatus,
  type Condition,
  type InferenceDeploymentStatus,
  type Summary,
  safeRevision,
  type TargetStatus,
} from "@sweetspot/crds";
import { conditionsOf, type Finding } from "../conditions.ts";
import { roundFigure } from "../figures.ts";
import { nodeClassOf } from "../nodes.ts";
import { jointCapacity } from "../policies/joint-capacity.ts";
import { labelKeys } from "../specs/names.ts";
import type { TargetFindings } from "./findings.ts";
import { resultOf } from "./loop/serving.ts";
import type { Observed } from "./observed.ts";

/** The whole status, on every path, from what was observed and nothing else. `findings`: those of all targets together. */
export function statusOf(
  observed: Observed,
  targets: readonly TargetFindings[],
  findings: readonly Finding[],
  autoscaling: AutoscalingStatus | null,
): InferenceDeploymentStatus {
  const { infd, now } = observed;
  const generation = infd.metadata.generation ?? 0;
  const previous: readonly Condition[] = infd.status?.conditions ?? [];
  const total = (count: (target: TargetFindings) => number) => targets.reduce((sum, target) => sum + count(target), 0);
  return {
    observedGeneration: generation,
    conditions: conditionsOf(findings, previous, generation, now),
    replicas: total(({ state }) => state.observed.pods.length),
    readyReplicas: total(({ state }) => state.ready.length),
    selector: `${labelKeys.inferenceDeployment}=${infd.metadata.name},${labelKeys.component}=server`,
    ...(autoscaling === null ? {} : { autoscaling }),
    summary: summaryOf(observed, targets),
    targets: targets.map((target) => targetStatus(observed, target)),
  };
}

function targetStatus(observed: Observed, { state, cpuPinned }: TargetFindings): TargetStatus {
  const { answer, target, plans, ready, serving, stored, diagnosis, wanted } = state;
  const { pods, runs } = state.observed;
  const result = serving === null ? answer?.result : resultOf(serving);
  const concurrency = serving?.revision.origin === "Replan" ? undefined : tunedConcurrency(result);
  const nodeClass = classOf(observed, state);
  const run =
    serving?.revision.run ?? answer?.run.metadata.name ?? state.attempt?.run.metadata.name ?? runs[0]?.metadata.name;
  return {
    name: target.name,
    ...(nodeClass === undefined ? {} : { nodeClass }),
    ...(result === undefined ? {} : measured(state.question.serviceLevel.percentile, result)),
    // A plan that was found in the tables had no confirming run of its own.
    ...(concurrency === undefined ? {} : { tunedConcurrency: concurrency }),
    ...(serving === null ? {} : { planRevision: serving.plan.revision }),
    desiredReplicas: wanted,
    replicas: pods.length,
    readyReplicas: ready.length,
    appliedReplicas: plans.filter(({ plan, state: { kind } }) => kind === "Applied" && plan !== safeRevision).length,
    ...(diagnosis === null ? {} : { diagnosis }),
    ...(stored === null ? {} : { revisions: revisionsOf(stored) }),
    pinning: cpuPinned.reason as NonNullable<TargetStatus["pinning"]>,
    ...(run === undefined ? {} : { tuningRun: run }),
  };
}

/** As people read them: what the loop needs besides stays in the history. */
const revisionsOf = ({
  history,
}: NonNullable<TargetFindings["state"]["stored"]>): NonNullable<TargetStatus["revisions"]> =>
  history.revisions.map(({ name, origin, outcome, since, summary, message }) => ({
    name,
    origin,
    outcome,
    since,
    summary,
    message,
  }));

type Result = NonNullable<TargetFindings["state"]["answer"]>["result"];

function measured(percentile: TargetStatus["percentile"], result: Result): Partial<TargetStatus> {
  const { confirmation } = result;
  return {
    winner: result.winner,
    reason: result.reason,
    ...(percentile === undefined ? {} : { percentile }),
    ...(confirmation === undefined
      ? {}
      : { latencyMilliseconds: confirmation.latencyMilliseconds, verdict: confirmation.verdict }),
    capacityRequestsPerSecond: result.capacityRequestsPerSecond,
    bestReachableMilliseconds: result.bestReachableMilliseconds,
  };
}

/** Where the target was missed a queue grew, and what was under way then is nothing to aim at. */
const tunedConcurrency = (result: Result | undefined): number | undefined =>
  result?.confirmation?.verdict === "Fail" ? undefined : result?.confirmation?.concurrency;

/** The kind of the node that was measured. Runs of older releases say only which node it was; when that is gone, what is known of it stays. */
function classOf({ infd, nodes, settings }: Observed, { target, answer: best, serving }: TargetFindings["state"]) {
  const answer = serving?.answer ?? best;
  if (answer === null) return undefined;
  if (answer.run.status?.nodeClass !== undefined) return answer.run.status.nodeClass;
  const node = nodes.find(({ metadata }) => metadata.name === answer.run.status?.nodeName);
  const before = infd.status?.targets?.find(({ name }) => name === target.name)?.nodeClass;
  return nodeClassOf(node, settings.nodeClassLabels) ?? before;
}

/** The columns of `kubectl get`: of the target that carries least, and what all carry together. */
function summaryOf({ spec }: Observed, targets: readonly TargetFindings[]): Summary {
  const { percentile, latencyMilliseconds } = spec.serviceLevel;
  const promise = { target: `${percentile} < ${latencyMilliseconds} ms` };
  const answered = targets.filter(({ state }) => state.serving !== null);
  const capacity = ({ state }: TargetFindings) => state.serving?.revision.capacityRequestsPerSecond ?? 0;
  const worstServing = answered.toSorted((a, b) => capacity(a) - capacity(b))[0]?.state.serving ?? null;
  if (worstServing === null) return promise;
  const worst = resultOf(worstServing);
  const total = jointCapacity(
    answered.map((target) => ({ capacity: capacity(target), ready: target.state.ready.length })),
    // Without `autoscaling` there is nothing but the Service.
    spec.autoscaling?.loadBalancing ?? "Even",
  );
  const { confirmation } = worst;
  return {
    ...promise,
    winner: worst.winner,
    ...(confirmation === undefined ? {} : { latency: `${roundFigure(confirmation.latencyMilliseconds)} ms` }),
    capacity: `${total.toFixed(total < 10 ? 1 : 0)}/s`,
  };
}
