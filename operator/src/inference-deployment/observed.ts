import type { InferenceDeploymentSpec, Target } from "@sweetspot/crds";
import type { ScalingMemory } from "../policies/autoscaling.ts";
import type { PodReport } from "../reports/fetch-report.ts";
import type { PrometheusCounts } from "../reports/prometheus-counts.ts";
import type { ConfigMap, Deployment, Node, Pod, StoredInferenceDeployment, StoredTuningRun } from "../resources.ts";
import type { KubernetesObject, Resource } from "../runtime/index.ts";
import type { OperatorSettings } from "../settings.ts";
import type { TargetMemory } from "./loop/target-memory.ts";

/** What there is of one target. */
export interface ObservedTarget {
  readonly target: Target;
  readonly deployment: Deployment | undefined;
  /** Serving pods that are not on their way out. */
  readonly pods: readonly Pod[];
  /** By the UID of the pod; only pods that run were asked. */
  readonly reports: ReadonlyMap<string, PodReport>;
  /** Requests as Prometheus counts them; null where it is not asked. */
  readonly counts: PrometheusCounts | null;
  /** The target's plans, and what the loop remembers of them. */
  readonly history: ConfigMap | undefined;
  /** What was remembered after the look before. */
  readonly memory: TargetMemory;
  /** The target's runs, whatever their question. */
  readonly runs: readonly StoredTuningRun[];
  /** Stored results by name of the run. */
  readonly results: ReadonlyMap<string, ConfigMap>;
}

/** An object of ours, and what kind it is. */
export interface OwnedObject {
  readonly resource: Resource;
  readonly object: KubernetesObject;
}

/** Everything that the plan for one InferenceDeployment depends on. */
export interface Observed {
  readonly infd: StoredInferenceDeployment;
  readonly spec: InferenceDeploymentSpec;
  readonly targets: readonly ObservedTarget[];
  /** What was remembered of the load after the look before. */
  readonly scaling: ScalingMemory;
  /** Objects of targets that the spec no longer names. */
  readonly leftovers: readonly OwnedObject[];
  readonly nodes: readonly Node[];
  /** Of the whole cluster. */
  readonly unfinishedRuns: readonly StoredTuningRun[];
  /** Why the API server would not have an object of this look; null where it took all so far. */
  readonly refusal: string | null;
  readonly settings: OperatorSettings;
  /** Milliseconds since the epoch. */
  readonly now: number;
}
