import { TuningRunSpec } from "@sweetspot/crds";
import { type Interpreter, runOrTell } from "../actions/interpreter.ts";
import { matchingNodes, nodeClassOf } from "../nodes.ts";
import type { ConfigMap, Job, Node, Pod, StoredTuningRun } from "../resources.ts";
import { configMaps } from "../resources.ts";
import {
  done,
  type KubeClient,
  type KubernetesObject,
  keyOf,
  type Outcome,
  type ReadCache,
  type ReconcileContext,
  requeueAfter,
  retriable,
} from "../runtime/index.ts";
import type { OperatorSettings } from "../settings.ts";
import { reportName } from "../specs/names.ts";
import { isOwnedBy } from "../specs/owner.ts";
import { jobSelector } from "../specs/tuning-job.ts";
import { Claims } from "./claims.ts";
import { isFinished, type ObservedRun } from "./observed.ts";
import { planRun } from "./plan.ts";

export interface TuningRunDependencies {
  /** Has the index `runsByProfile`. */
  readonly runs: ReadCache<StoredTuningRun>;
  readonly jobs: ReadCache<Job>;
  readonly pods: ReadCache<Pod>;
  readonly configMaps: ReadCache<ConfigMap>;
  readonly nodes: ReadCache<Node>;
  readonly client: KubeClient;
  readonly interpreter: Interpreter;
  readonly settings: OperatorSettings;
  readonly now: () => number;
}

/** Brings one TuningRun forward: observe, decide, do. */
export const reconcileRun = (dependencies: TuningRunDependencies) => {
  const claims = new Claims(dependencies);
  return async (key: string, { signal }: ReconcileContext): Promise<Outcome> => {
    const run = dependencies.runs.get(key);
    if (run === undefined || run.metadata.deletionTimestamp !== undefined) return done;
    const observed = await observe(dependencies, run, signal);
    // From here to the claim nothing else runs: of equal runs that are reconciled at the same time one makes a Job.
    const equal = claims.equalRunFor(run, observed.now);
    const plan = planRun({ ...observed, equal });
    if (plan.actions.some(({ kind }) => kind === "Create")) claims.claim(run);
    const told = (refusal: string) => planRun({ ...observed, equal, refusal }).actions;
    const refused = await runOrTell(dependencies.interpreter, plan.actions, told, signal);
    if (refused !== null) return retriable(refused);
    return plan.requeueAfter === undefined ? done : requeueAfter(plan.requeueAfter);
  };
};

async function observe(
  { jobs, pods, configMaps: stored, nodes, client, settings, now }: TuningRunDependencies,
  run: StoredTuningRun,
  signal: AbortSignal,
): Promise<Omit<ObservedRun, "equal">> {
  // The API server has filled in defaults; what it stored before an upgrade may lack newer ones.
  const spec = TuningRunSpec.parse(run.spec);
  const { name, namespace } = run.metadata as { name: string; namespace: string };
  const own = <T extends KubernetesObject>(object: T | undefined) => (isOwnedBy(object, run) ? object : undefined);
  const job = own(jobs.get(keyOf({ namespace, name })));
  const pod = newest(job?.metadata.uid === undefined ? [] : pods.byOwner(job.metadata.uid));
  const all = nodes.list();
  const node = all.find(({ metadata }) => metadata.name === pod?.spec?.nodeName);
  return {
    run,
    spec,
    job,
    pod,
    report: own(stored.get(keyOf({ namespace, name: reportName(name) }))),
    samplesFound: job !== undefined || isFinished(run) || (await samplesFound(client, spec, namespace, signal)),
    matchingNodes: matchingNodes(all, jobSelector(spec)).length,
    nodeClass: nodeClassOf(node, settings.nodeClassLabels),
    refusal: null,
    settings,
    now: now(),
  };
}

const newest = (pods: readonly Pod[]): Pod | undefined =>
  pods
    .toSorted((a, b) => (a.metadata.creationTimestamp ?? "").localeCompare(b.metadata.creationTimestamp ?? ""))
    .at(-1);

/** Read once, before the Job is made: a pod whose ConfigMap is missing would wait without a word. */
async function samplesFound(
  client: KubeClient,
  { workload }: TuningRunSpec,
  namespace: string,
  signal: AbortSignal,
): Promise<boolean> {
  const samples = workload.samples?.configMap;
  if (samples === undefined) return true;
  const found = await client.find(configMaps, { namespace, name: samples.name }, { signal });
  return samples.key in { ...found?.data, ...found?.binaryData };
}
