import type { InferenceDeployment, TuningRun } from "@sweetspot/crds";
import type { KubernetesObject, Resource } from "./runtime/index.ts";

/** The kinds of objects that the operator reads and writes, and of each the fields that it looks at. */

export interface Container {
  readonly name: string;
  readonly image?: string;
  readonly resources?: {
    readonly requests?: Readonly<Record<string, string>>;
    readonly limits?: Readonly<Record<string, string>>;
  };
}

export interface ContainerStatus {
  readonly name: string;
  readonly ready?: boolean;
  /** Its startup probe has passed since it began to run. */
  readonly started?: boolean;
  readonly restartCount?: number;
  readonly state?: ContainerState;
  readonly lastState?: ContainerState;
}

export interface ContainerState {
  readonly waiting?: { readonly reason?: string; readonly message?: string };
  readonly running?: { readonly startedAt?: string };
  readonly terminated?: {
    readonly exitCode: number;
    readonly signal?: number;
    readonly reason?: string;
    readonly message?: string;
    readonly finishedAt?: string;
  };
}

interface ObjectCondition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
}

export interface Pod extends KubernetesObject {
  readonly spec?: { readonly nodeName?: string; readonly containers: readonly Container[] };
  readonly status?: {
    readonly phase?: string;
    readonly reason?: string;
    readonly message?: string;
    readonly podIP?: string;
    readonly qosClass?: string;
    readonly startTime?: string;
    readonly conditions?: readonly ObjectCondition[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
    readonly containerStatuses?: readonly ContainerStatus[];
  };
}

export interface Node extends KubernetesObject {
  readonly status?: { readonly allocatable?: Readonly<Record<string, string>> };
}

export interface ConfigMap extends KubernetesObject {
  readonly data?: Readonly<Record<string, string>>;
  /** Base64. */
  readonly binaryData?: Readonly<Record<string, string>>;
}

export interface Deployment extends KubernetesObject {
  readonly spec?: object & { readonly replicas?: number };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly readyReplicas?: number;
    readonly updatedReplicas?: number;
    readonly availableReplicas?: number;
    readonly conditions?: readonly ObjectCondition[];
  };
}

export interface Job extends KubernetesObject {
  readonly spec?: object;
  readonly status?: {
    readonly active?: number;
    readonly succeeded?: number;
    readonly failed?: number;
    readonly startTime?: string;
    readonly conditions?: readonly ObjectCondition[];
  };
}

/** Objects of which only the spec that we write matters. */
export interface PlainObject extends KubernetesObject {
  readonly spec?: object;
}

const resource = <T extends KubernetesObject>(
  group: string,
  version: string,
  kind: string,
  plural: string,
  namespaced = true,
): Resource<T> => ({ group, version, kind, plural, namespaced });

/** A custom resource as the API server has it: with metadata that the runtime knows, and not yet parsed. */
type Stored<T> = KubernetesObject & Pick<T, keyof T & ("spec" | "status")>;

export const inferenceDeployments = resource<Stored<InferenceDeployment>>(
  "sweetspot.dev",
  "v1alpha1",
  "InferenceDeployment",
  "inferencedeployments",
);
export const tuningRuns = resource<Stored<TuningRun>>("sweetspot.dev", "v1alpha1", "TuningRun", "tuningruns");
export const pods = resource<Pod>("", "v1", "Pod", "pods");
export const nodes = resource<Node>("", "v1", "Node", "nodes", false);
export const configMaps = resource<ConfigMap>("", "v1", "ConfigMap", "configmaps");
export const services = resource<PlainObject>("", "v1", "Service", "services");
export const serviceAccounts = resource<PlainObject>("", "v1", "ServiceAccount", "serviceaccounts");
export const deployments = resource<Deployment>("apps", "v1", "Deployment", "deployments");
export const jobs = resource<Job>("batch", "v1", "Job", "jobs");
export const disruptionBudgets = resource<PlainObject>("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets");

export type StoredInferenceDeployment = NonNullable<(typeof inferenceDeployments)["objectType"]>;
export type StoredTuningRun = NonNullable<(typeof tuningRuns)["objectType"]>;
