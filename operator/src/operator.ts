import type { Registry } from "prom-client";
import type { Action } from "./actions/action.ts";
import { Interpreter } from "./actions/interpreter.ts";
import { exportDeployments } from "./deployment-metrics.ts";
import { reconcileDeployment, serversByTarget, targetKey } from "./inference-deployment/controller.ts";
import { runReplan } from "./planning/run-replan.ts";
import { askPrometheus } from "./reports/ask-prometheus.ts";
import { CountReader } from "./reports/count-reader.ts";
import { fetchCostTable } from "./reports/fetch-cost-table.ts";
import { fetchReport } from "./reports/fetch-report.ts";
import { ReportReader } from "./reports/report-reader.ts";
import {
  configMaps,
  deployments,
  disruptionBudgets,
  inferenceDeployments,
  jobs,
  nodes,
  type Pod,
  pods,
  type StoredTuningRun,
  serviceAccounts,
  services,
  tuningRuns,
} from "./resources.ts";
import {
  type Cache,
  type Change,
  type KubernetesObject,
  keyOf,
  keyOfObject,
  type Logger,
  Manager,
  type ObjectReference,
  type OutageGate,
  systemClock,
  type Transport,
} from "./runtime/index.ts";
import type { OperatorSettings } from "./settings.ts";
import { labelKeys, managedBy } from "./specs/names.ts";
import { trimJob, trimNode, trimPod } from "./trims.ts";
import { runsByProfile } from "./tuning-run/claims.ts";
import { reconcileRun } from "./tuning-run/controller.ts";
import { profileKey } from "./tuning-run/equal-runs.ts";
import { isFinished } from "./tuning-run/observed.ts";
import { reportKeys } from "./tuning-run/store-result.ts";

export interface OperatorOptions {
  readonly transport: Transport;
  readonly logger: Logger;
  readonly settings: OperatorSettings;
  /** This process, unique among those that run at the same time. */
  readonly identity: string;
  /** The lease of the leader; null where this process is alone. */
  readonly lease: Required<ObjectReference> | null;
  /** The one namespace to look after; undefined for all. */
  readonly namespace: string | undefined;
  /** Port of health and metrics; null for none. */
  readonly healthPort: number | null;
  readonly registry?: Registry;
  /** Everything is listed anew so often, which heals an event that was lost without a trace; default 10 min. */
  readonly relistMs?: number;
  /** Paces requests during an outage; one of its own where it is not given. */
  readonly gate?: OutageGate;
  /** Called after each action that was carried out: fault tests end the process there. */
  readonly afterAction?: (action: Action) => void;
}

/** A look at a deployment waits for its pods for most of its time. */
const looksAtOnce = 16;

/** Field manager of all that is applied, and the controller that events name. */
const operatorName = "sweetspot.dev/operator";

/** The operator, wired and not yet running: `manager.run(signal)`. */
export function createOperator(options: OperatorOptions): Manager {
  const { transport, logger, identity, lease, healthPort, registry, settings, gate, afterAction } = options;
  const manager = new Manager({
    transport,
    logger,
    identity,
    lease,
    healthPort,
    name: operatorName,
    metricsPrefix: "sweetspot_operator_",
    ...(registry && { registry }),
    ...(gate && { gate }),
  });
  const caches = cachesOf(manager, options);
  exportDeployments(manager.metrics.registry, {
    list: () => caches.infds.list(),
    leads: () => manager.mayWrite(),
  });
  const interpreter = new Interpreter({
    client: manager.client,
    applier: manager.applier,
    events: manager.events,
    replan: runReplan,
    fetchCostTable,
    caches: Object.values(caches) as unknown as Cache<never>[],
    ...(afterAction && { afterAction }),
  });
  const now = () => Date.now();
  const owned = [caches.runs, caches.deployments, caches.configMaps, caches.accounts, caches.budgets];
  const shared = { ...caches, interpreter, settings, now, client: manager.client };
  const reports = new ReportReader({ clock: systemClock, fetch: fetchReport });
  const { prometheusUrl } = settings;
  const counts =
    prometheusUrl === null
      ? null
      : new CountReader({ clock: systemClock, fetch: (target) => askPrometheus(prometheusUrl, target) });
  watchDeployments(
    manager.controller({
      name: "inferencedeployment",
      workers: looksAtOnce,
      reconcile: reconcileDeployment({
        ...shared,
        owned: owned as unknown as Cache<never>[],
        reports,
        counts,
        random: Math.random,
      }),
    }),
    caches,
  );
  watchRuns(manager.controller({ name: "tuningrun", reconcile: reconcileRun(shared) }), caches);
  return manager;
}

type Caches = ReturnType<typeof cachesOf>;
type Controller = ReturnType<Manager["controller"]>;

function cachesOf(manager: Manager, { namespace, relistMs }: Pick<OperatorOptions, "namespace" | "relistMs">) {
  const scope = { ...(namespace !== undefined && { namespace }), ...(relistMs !== undefined && { relistMs }) };
  const ours = { ...scope, labels: managedBy };
  return {
    infds: manager.cache(inferenceDeployments, scope),
    runs: manager.cache(tuningRuns, { ...scope, indexes: { [runsByProfile]: profilesOf } }),
    deployments: manager.cache(deployments, ours),
    jobs: manager.cache(jobs, { ...ours, trim: trimJob }),
    pods: manager.cache(pods, { ...ours, trim: trimPod, indexes: { [serversByTarget]: targetsOf } }),
    // The whole report is for people; only its plan and recipe are needed here.
    configMaps: manager.cache(configMaps, { ...ours, trim: withoutReport }),
    services: manager.cache(services, ours),
    accounts: manager.cache(serviceAccounts, ours),
    budgets: manager.cache(disruptionBudgets, ours),
    nodes: manager.cache(nodes, { trim: trimNode, ...(relistMs !== undefined && { relistMs }) }),
  };
}

function targetsOf({ metadata }: Pod): string[] {
  const { labels = {}, namespace = "" } = metadata;
  const deployment = labels[labelKeys.inferenceDeployment];
  const target = labels[labelKeys.target];
  if (labels[labelKeys.component] !== "server" || deployment === undefined || target === undefined) return [];
  return [targetKey(namespace, deployment, target)];
}

const profilesOf = (run: StoredTuningRun): string[] => {
  const key = profileKey(run);
  return key === null ? [] : [key];
};

function withoutReport<T extends KubernetesObject & { binaryData?: Readonly<Record<string, string>> }>(object: T): T {
  if (object.binaryData?.[reportKeys.report] === undefined) return object;
  const { [reportKeys.report]: _, ...kept } = object.binaryData;
  return { ...object, binaryData: kept };
}

/** The keys of the objects that the label names. */
const labelled =
  (label: string) =>
  ({ object }: Change<KubernetesObject>): string[] => {
    const name = object.metadata.labels?.[label];
    const { namespace } = object.metadata;
    return name === undefined || namespace === undefined ? [] : [keyOf({ namespace, name })];
  };

function watchDeployments(controller: Controller, caches: Caches): void {
  const named = labelled(labelKeys.inferenceDeployment);
  controller.watch(caches.infds, ({ object }) => [keyOfObject(object)]);
  controller.watch(caches.runs, ({ object }) => ownersOf(object, inferenceDeployments.kind));
  for (const cache of [
    caches.deployments,
    caches.pods,
    caches.services,
    caches.accounts,
    caches.budgets,
    caches.configMaps,
  ]) {
    controller.watch(cache as unknown as Cache<KubernetesObject>, named);
  }
}

function watchRuns(controller: Controller, caches: Caches): void {
  const named = labelled(labelKeys.run);
  controller.watch(caches.runs, (change) => [keyOfObject(change.object), ...waitingFor(change, caches.runs)]);
  for (const cache of [caches.jobs, caches.pods, caches.configMaps]) {
    controller.watch(cache as unknown as Cache<KubernetesObject>, named);
  }
}

/** Runs that may take over the answer of one that has measured, or must measure themselves when there is none. */
function waitingFor({ type, object: run }: Change<StoredTuningRun>, runs: Caches["runs"]): string[] {
  const profile = profileKey(run);
  const isOver = type === "Deleted" || isFinished(run);
  if (profile === null || run.status?.answerFrom !== undefined || !isOver) return [];
  return runs
    .byIndex(runsByProfile, profile)
    .filter((other) => !isFinished(other))
    .map(keyOfObject);
}

const ownersOf = ({ metadata }: KubernetesObject, kind: string): string[] =>
  (metadata.ownerReferences ?? [])
    .filter((owner) => owner.kind === kind && metadata.namespace !== undefined)
    .map(({ name }) => keyOf({ namespace: metadata.namespace as string, name }));
