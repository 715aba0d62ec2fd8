import { InferenceDeploymentSpec, type Target } from "@sweetspot/crds";
import { type Interpreter, runOrTell } from "../actions/interpreter.ts";
import { isOver, isTerminating } from "../pods/pod-state.ts";
import { noScalingMemory, type ScalingMemory } from "../policies/autoscaling.ts";
import type { CountReader } from "../reports/count-reader.ts";
import type { ReportReader } from "../reports/report-reader.ts";
import type { ConfigMap, Deployment, Node, Pod, StoredInferenceDeployment, StoredTuningRun } from "../resources.ts";
import {
  type Cache,
  done,
  keyOf,
  type Outcome,
  type ReadCache,
  type ReconcileContext,
  requeueAfter,
  retriable,
} from "../runtime/index.ts";
import type { OperatorSettings } from "../settings.ts";
import { childName, historyName, labelKeys, reportName } from "../specs/names.ts";
import { isOwnedBy } from "../specs/owner.ts";
import { isFinished, waitsForEqual } from "../tuning-run/observed.ts";
import { noMemory, type TargetMemory } from "./loop/target-memory.ts";
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
  readonly reports: ReportReader;
  /** Counts requests instead of the pods; null where they count. */
  readonly counts: CountReader | null;
  readonly interpreter: Interpreter;
  readonly settings: OperatorSettings;
  readonly now: () => number;
  /** 0 to 1, so that not all deployments are looked at in the same moment. */
  readonly random: () => number;
}

/** The index of the pods' cache that finds the serving pods of a target. */
export const serversByTarget = "serversByTarget";

export const targetKey = (namespace: string, deployment: string, target: string): string =>
  `${namespace}/${deployment}/${target}`;

/** What is remembered of one InferenceDeployment and of each of its targets, until it is deleted or made anew. */
interface Memories {
  readonly uid: string | undefined;
  readonly targets: ReadonlyMap<string, TargetMemory>;
  readonly scaling: ScalingMemory;
}

const nothing: Omit<Memories, "uid"> = { targets: new Map(), scaling: noScalingMemory };

/** The looks of deployments that were found at the same time part by so much of their interval. */
const jitter = 0.2;

/** Brings one InferenceDeployment forward: observe, decide, do. */
export function reconcileDeployment(dependencies: InferenceDeploymentDependencies) {
  const memories = new Map<string, Memories>();
  return async (key: string, { signal }: ReconcileContext): Promise<Outcome> => {
    const infd = dependencies.infds.get(key);
    // Owner references take everything with it.
    if (infd === undefined || infd.metadata.deletionTimestamp !== undefined) {
      memories.delete(key);
      return done;
    }
    const { uid } = infd.metadata;
    const known = memories.get(key);
    const observed = await observe(dependencies, infd, known === undefined || known.uid !== uid ? nothing : known);
    const plan = planDeployment(observed);
    memories.set(key, { uid, targets: plan.memories, scaling: plan.scaling });
    const told = (refusal: string) => planDeployment({ ...observed, refusal }).actions;
    const refused = await runOrTell(dependencies.interpreter, plan.actions, told, signal);
    if (refused !== null) return retriable(refused);
    if (plan.requeueAfter === undefined) return done;
    return requeueAfter(plan.requeueAfter * (1 - jitter * dependencies.random()));
  };
}

async function observe(
  dependencies: InferenceDeploymentDependencies,
  infd: StoredInferenceDeployment,
  { targets: memories, scaling }: Omit<Memories, "uid">,
): Promise<Observed> {
  // The API server has filled in defaults; what it stored before an upgrade may lack newer ones.
  const spec = InferenceDeploymentSpec.parse(infd.spec);
  const targets = await Promise.all(
    spec.targets.map((target) => observeTarget(dependencies, infd, target, memories.get(target.name) ?? noMemory)),
  );
  const { nodes, settings, now } = dependencies;
  const names = new Set(spec.targets.map(({ name }) => name));
  const leftovers = ownedBy(dependencies, infd).filter(({ object }) => {
    const target = object.metadata.labels?.[labelKeys.target];
    return target !== undefined && !names.has(target);
  });
  const unfinishedRuns = dependencies.runs.list().filter((run) => !isFinished(run) && !waitsForEqual(run));
  const seen = { infd, spec, targets, scaling, leftovers, nodes: nodes.list(), unfinishedRuns };
  return { ...seen, refusal: null, settings, now: now() };
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
  { deployments, configMaps, pods, runs, reports, counts }: InferenceDeploymentDependencies,
  { metadata }: StoredInferenceDeployment,
  target: Target,
  memory: TargetMemory,
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
  const [told, counted] = await Promise.all([
    reports.read(serving, name),
    counts?.read({ namespace, deployment: name, target: target.name }) ?? null,
  ]);
  return {
    target,
    deployment: deployments.get(keyOf({ namespace, name: childName(name, target.name) })),
    pods: serving,
    reports: told,
    counts: counted,
    history: ownHistory(configMaps.get(keyOf({ namespace, name: historyName(name, target.name) })), uid),
    memory,
    runs: own.filter((run) => run.metadata.deletionTimestamp === undefined),
    results: new Map(results),
  };
}

/** That of an earlier deployment of the same name may still be on its way out. */
const ownHistory = (stored: ConfigMap | undefined, owner: string): ConfigMap | undefined =>
  stored?.metadata.ownerReferences?.some(({ uid }) => uid === owner) ? stored : undefined;
