import { InferenceDeploymentSpec, type Target } from "@sweetspot/crds";
import type { Interpreter } from "../actions/interpreter.ts";
import { isOver, isTerminating } from "../pods/pod-state.ts";
import { fetchReport, type PodReport } from "../reports/fetch-report.ts";
import type { ConfigMap, Deployment, Node, Pod, StoredInferenceDeployment, StoredTuningRun } from "../resources.ts";
import {
  type Cache,
  done,
  keyOf,
  type Outcome,
  type ReadCache,
  type ReconcileContext,
  requeueAfter,
} from "../runtime/index.ts";
import type { OperatorSettings } from "../settings.ts";
import { childName, labelKeys, reportName } from "../specs/names.ts";
import { isOwnedBy } from "../specs/owner.ts";
import type { Observed, ObservedTarget, OwnedObject } from "./observed.ts";
import { planDeployment } from "./plan.ts";

export interface InferenceDeploymentDependencies {
  readonly infds: ReadCache<StoredInferenceDeployment>;
  readonly runs: ReadCache<StoredTuningRun>;
  readonly deployments: ReadCache<Deployment>;
  readonly configMaps: ReadCache<ConfigMap>;
  readonly pods: ReadCache<Pod>;
  readonly nodes: ReadCache<Node>;
  /** Caches of everything that a target owns. */
  readonly owned: readonly Cache<never>[];
  readonly interpreter: Interpreter;
  readonly settings: OperatorSettings;
  readonly now: () => number;
}

/** The index of the pods' cache that finds the serving pods of a target. */
export const serversByTarget = "serversByTarget";

export const targetKey = (namespace: string, deployment: string, target: string): string =>
  `${namespace}/${deployment}/${target}`;

/** Brings one InferenceDeployment forward: observe, decide, do. */
export const reconcileDeployment =
  (dependencies: InferenceDeploymentDependencies) =>
  async (key: string, { signal }: ReconcileContext): Promise<Outcome> => {
    const infd = dependencies.infds.get(key);
    // Owner references take everything with it.
    if (infd === undefined || infd.metadata.deletionTimestamp !== undefined) return done;
    const plan = planDeployment(await observe(dependencies, infd, signal));
    await dependencies.interpreter.run(plan.actions, signal);
    return plan.requeueAfter === undefined ? done : requeueAfter(plan.requeueAfter);
  };

async function observe(
  dependencies: InferenceDeploymentDependencies,
  infd: StoredInferenceDeployment,
  signal: AbortSignal,
): Promise<Observed> {
  // The API server has filled in defaults; what it stored before an upgrade may lack newer ones.
  const spec = InferenceDeploymentSpec.parse(infd.spec);
  const targets = await Promise.all(spec.targets.map((target) => observeTarget(dependencies, infd, target, signal)));
  const { nodes, settings, now } = dependencies;
  const names = new Set(spec.targets.map(({ name }) => name));
  const leftovers = ownedBy(dependencies, infd).filter(({ object }) => {
    const target = object.metadata.labels?.[labelKeys.target];
    return target !== undefined && !names.has(target);
  });
  return { infd, spec, targets, leftovers, nodes: nodes.list(), settings, now: now() };
}

function ownedBy({ owned }: InferenceDeploymentDependencies, { metadata }: StoredInferenceDeployment): OwnedObject[] {
  return owned.flatMap((cache) =>
    (cache as unknown as Cache<Pod>)
      .byOwner(metadata.uid ?? "")
      .filter((object) => object.metadata.deletionTimestamp === undefined)
      .map((object) => ({ resource: cache.resource, object })),
  );
}

async function observeTarget(
  { deployments, configMaps, pods, runs }: InferenceDeploymentDependencies,
  { metadata }: StoredInferenceDeployment,
  target: Target,
  signal: AbortSignal,
): Promise<ObservedTarget> {
  const { name, namespace = "", uid = "" } = metadata;
  const serving = pods
    .byIndex(serversByTarget, targetKey(namespace, name, target.name))
    .filter((pod) => !isTerminating(pod) && !isOver(pod));
  const own = runs.byOwner(uid).filter((run) => run.metadata.labels?.[labelKeys.target] === target.name);
  const results = own.flatMap((run): [string, ConfigMap][] => {
    const stored = configMaps.get(keyOf({ namespace, name: reportName(run.metadata.name) }));
    return stored !== undefined && isOwnedBy(stored, run) ? [[run.metadata.name, stored]] : [];
  });
  return {
    target,
    deployment: deployments.get(keyOf({ namespace, name: childName(name, target.name) })),
    pods: serving,
    reports: await reportsOf(serving, signal),
    runs: own.filter((run) => run.metadata.deletionTimestamp === undefined),
    results: new Map(results),
  };
}

/** Asks all pods at once; each answer is bounded in time. */
async function reportsOf(pods: readonly Pod[], signal: AbortSignal): Promise<Map<string, PodReport>> {
  const asked = pods.filter(({ status }) => status?.phase === "Running" && status.podIP !== undefined);
  const entries = await Promise.all(
    asked.map(async (pod) => [pod.metadata.uid ?? "", await fetchReport(pod.status?.podIP ?? "", signal)] as const),
  );
  return new Map(entries);
}
