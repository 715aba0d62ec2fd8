import type { Action, ReplanAction } from "../actions/action.ts";
import { configMaps, inferenceDeployments } from "../resources.ts";
import { historyConfigMap } from "../specs/history-config-map.ts";
import { applyOwned } from "./children.ts";
import { revisionNamed } from "./loop/serving.ts";
import type { Observed } from "./observed.ts";
import type { TargetState } from "./target-state.ts";

/** A plan is looked for when that was decided: last, because it takes seconds, and again after a crash, because it is written down. */
export function replanActions(observed: Observed, state: TargetState): ReplanAction[] {
  const { serving, stored, moment, target, answers } = state;
  const work = stored?.history.work;
  if (serving === null || stored === null || work?.kind !== "Replan") return [];
  const { name } = observed.infd.metadata;
  const rejected = stored.history.revisions
    .filter(({ outcome }) => outcome === "RolledBack" || outcome === "Refused")
    .flatMap((revision) => {
      const plan = revisionNamed(revision.name, stored, answers)?.plan;
      return plan === undefined
        ? []
        : [{ variant: plan.artifact.variant, layout: plan.layout, batching: plan.batching }];
    });
  const { percentile, latencyMilliseconds } = observed.spec.serviceLevel;
  const { manifest } = applyOwned(
    observed,
    configMaps,
    historyConfigMap(name, target.name, stored.history, stored.plans),
  );
  return [
    {
      kind: "Replan",
      manifest,
      deployment: name,
      target: target.name,
      stored,
      work,
      run: serving.revision.run,
      plan: serving.plan,
      serviceLevel: { percentile, latencyMilliseconds },
      rejected,
      moment,
      fittedBy: work.cause === "CostDrift" ? addressesOf(state, serving.plan.revision) : [],
    },
  ];
}

/** So many pods say how fast engines are. */
const mostAsked = 8;

/** Pods that run the plan. */
const addressesOf = ({ ready, observed }: TargetState, revision: string): string[] =>
  ready
    .filter(({ metadata }) => {
      const answer = observed.reports.get(metadata.uid ?? "");
      return answer !== undefined && "report" in answer && answer.report.planRevision === revision;
    })
    .flatMap(({ status }) => status?.podIP ?? [])
    .slice(0, mostAsked);

/** What the loop found and did, each once: held against what status said before. */
export function loopEvents({ infd }: Observed, { target, diagnosis, stored }: TargetState): Action[] {
  const before = infd.status?.targets?.find(({ name }) => name === target.name);
  const tell = (type: "Normal" | "Warning", reason: string, action: string, note: string): Action => ({
    kind: "RecordEvent",
    resource: inferenceDeployments,
    object: infd,
    type,
    reason,
    action,
    note: `Target ${target.name}: ${note}`,
  });
  const { cause, response, action } = before?.diagnosis ?? {};
  const news =
    diagnosis !== null &&
    diagnosis.response !== "Settling" &&
    (diagnosis.cause !== cause || diagnosis.response !== response || diagnosis.action !== action);
  const known = new Map((before?.revisions ?? []).map(({ name, outcome }) => [name, outcome]));
  const changed = (stored?.history.revisions ?? []).filter(
    ({ name, outcome }) => known.size > 0 && outcome !== "Superseded" && known.get(name) !== outcome,
  );
  return [
    ...(news ? [tell("Warning", diagnosis.cause, "Diagnose", diagnosis.message)] : []),
    ...changed.map(({ name, outcome, message, summary }) =>
      outcome === "Serving"
        ? tell("Normal", "Promoted", "Retune", `plan ${name} serves, ${summary}. ${message}`)
        : tell("Warning", outcome, "Retune", `plan ${name}: ${message}`),
    ),
  ];
}
