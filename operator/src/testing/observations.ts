import { InferenceDeploymentSpec } from "@sweetspot/crds";
import type { Action, ApplyStatusAction, Plan } from "../actions/action.ts";
import { noMemory, type TargetMemory } from "../inference-deployment/loop/target-memory.ts";
import type { Observed, ObservedTarget } from "../inference-deployment/observed.ts";
import type { DeploymentPlan } from "../inference-deployment/plan.ts";
import { noScalingMemory } from "../policies/autoscaling.ts";
import type { PodReport } from "../reports/fetch-report.ts";
import type { ConfigMap, Deployment, Pod, StoredInferenceDeployment, StoredTuningRun } from "../resources.ts";
import { type Changes, infd, node, now, settings, uidOf } from "./objects.ts";
import { storedResult } from "./runs.ts";

/** What there is of one target; nothing by default. */
export interface Seen {
  readonly deployment?: Deployment;
  readonly pods?: readonly Pod[];
  /** By the pod's name. */
  readonly reports?: Readonly<Record<string, PodReport>>;
  readonly counts?: ObservedTarget["counts"];
  readonly runs?: readonly StoredTuningRun[];
  readonly memory?: TargetMemory;
  readonly history?: ConfigMap;
  /** Stored results; by default those of all runs that are answered. */
  readonly results?: readonly ConfigMap[];
}

/** What the plan for an InferenceDeployment looks at, with what there is by the name of the target. */
export function observe(
  deployment: StoredInferenceDeployment,
  seen: Readonly<Record<string, Seen>> = {},
  changes: Partial<Observed> = {},
): Observed {
  const spec = InferenceDeploymentSpec.parse(deployment.spec);
  return {
    infd: deployment,
    spec,
    targets: spec.targets.map((target) => observeTarget(target, seen[target.name] ?? {})),
    scaling: noScalingMemory,
    leftovers: [],
    refusal: null,
    unfinishedRuns: [],
    nodes: [node("node1", { "kubernetes.io/arch": "amd64" })],
    settings,
    now,
    ...changes,
  };
}

/** The same for the one target of the least InferenceDeployment. */
export const observeOne = (changes: Changes = {}, seen: Seen = {}, more: Partial<Observed> = {}): Observed =>
  observe(infd(changes), { x64: seen }, more);

function observeTarget(target: ObservedTarget["target"], seen: Seen): ObservedTarget {
  const { deployment, pods = [], reports = {}, runs = [], memory = noMemory, history, counts = null } = seen;
  const results = seen.results ?? runs.filter(({ status }) => status?.result !== undefined).map(storedResult);
  return {
    target,
    deployment,
    pods,
    counts,
    reports: new Map(Object.entries(reports).map(([name, report]) => [uidOf(name), report])),
    memory,
    history,
    runs,
    results: new Map(results.map((stored) => [stored.metadata.name.replace(/-report$/, ""), stored])),
  };
}

/** The status that a plan writes. */
export function statusIn<T extends object>({ actions }: Plan): T {
  const [action, ...others] = actions.filter((one): one is ApplyStatusAction => one.kind === "ApplyStatus");
  if (action === undefined || others.length > 0) throw new Error("A plan writes status exactly once.");
  return action.status as T;
}

/** Each action in a few words: `Apply Deployment/ocr-x64`. */
export const inWords = ({ actions }: Plan): string[] => actions.map(wordsOf);

function wordsOf(action: Action): string {
  switch (action.kind) {
    case "Apply":
    case "Create":
      return `${action.kind} ${action.resource.kind}/${action.manifest.metadata.name}`;
    case "Delete":
    case "ApplyStatus":
      return `${action.kind} ${action.resource.kind}/${action.object.metadata.name}`;
    case "AnnotatePod":
      return `AnnotatePod ${action.pod.metadata.name}`;
    case "RecordEvent":
      return `RecordEvent ${action.reason}`;
    case "Replan":
      return `Replan ${action.manifest.metadata.name}`;
    case "TakeAnswer":
      return `TakeAnswer ${action.from.metadata.name}`;
    case "StoreResult":
      return `StoreResult ${action.run.metadata.name}`;
  }
}

/** Actions of one kind. */
export const actionsOf = <K extends Action["kind"]>({ actions }: Plan, kind: K): Extract<Action, { kind: K }>[] =>
  actions.filter((action): action is Extract<Action, { kind: K }> => action.kind === kind);

/** The world after a plan was carried out, and nobody else has done anything. */
export function afterwards(observed: Observed, plan: DeploymentPlan): Observed {
  const { infd: before, targets } = observed;
  return {
    ...observed,
    infd: { ...before, status: statusIn(plan) },
    scaling: plan.scaling,
    leftovers: [],
    targets: targets.map((target) => targetAfterwards(target, plan)),
  };
}

function targetAfterwards(target: ObservedTarget, plan: DeploymentPlan): ObservedTarget {
  const applied = actionsOf(plan, "Apply").find(
    ({ resource, manifest }) => resource.kind === "Deployment" && isFor(target, manifest),
  );
  const kept = actionsOf(plan, "Apply").find(
    ({ manifest }) => isFor(target, manifest) && manifest.metadata.name.endsWith(".history"),
  );
  const gone = new Set(actionsOf(plan, "Delete").map(({ object }) => object.metadata.name));
  const made = actionsOf(plan, "Create")
    .filter(({ manifest }) => isFor(target, manifest))
    .map(({ manifest }) => ({ ...manifest, metadata: { ...manifest.metadata, uid: uidOf(manifest.metadata.name) } }));
  return {
    ...target,
    memory: plan.memories.get(target.target.name) ?? noMemory,
    ...(kept === undefined ? {} : { history: kept.manifest }),
    ...(applied === undefined ? {} : { deployment: applied.manifest as Deployment }),
    pods: target.pods.map((pod) => podAfterwards(pod, plan)),
    runs: [...target.runs.filter(({ metadata }) => !gone.has(metadata.name)), ...(made as StoredTuningRun[])],
  };
}

const isFor = ({ target }: ObservedTarget, { metadata }: { metadata: Pod["metadata"] }): boolean =>
  metadata.labels?.["sweetspot.dev/target"] === target.name;

function podAfterwards(pod: Pod, plan: Plan): Pod {
  const changes = actionsOf(plan, "AnnotatePod").filter((action) => action.pod.metadata.uid === pod.metadata.uid);
  const merged: Record<string, string | null> = Object.assign(
    { ...pod.metadata.annotations },
    ...changes.map(({ annotations }) => annotations),
  );
  const kept = Object.entries(merged).filter((entry): entry is [string, string] => entry[1] !== null);
  return { ...pod, metadata: { ...pod.metadata, annotations: Object.fromEntries(kept) } };
}
