import { readFileSync } from "node:fs";
import { join } from "node:path";
import { InferenceDeployment, ServiceLevelReport } from "@sweetspot/crds";
import { changed, minimal } from "@sweetspot/crds/testing";
import type { PodReport } from "../reports/fetch-report.ts";
import type { Deployment, Node, Pod, StoredInferenceDeployment } from "../resources.ts";
import type { OperatorSettings } from "../settings.ts";
import { annotationKeys, childName, targetLabels } from "../specs/names.ts";

/** Fields by path and the value that each is given. */
export type Changes = Parameters<typeof changed>[1];

/** The moment at which tests look. */
export const now = Date.UTC(2026, 2, 14, 9, 30);

/** An instant so many seconds before that moment, as Kubernetes writes it. */
export const ago = (seconds: number): string => new Date(now - 1000 * seconds).toISOString().replace(".000Z", "Z");

export const namespace = "shop";

export const settings: OperatorSettings = {
  serverImage: "registry.example.com/sweetspot/sidecar:0.1.0",
  tunerImage: "registry.example.com/sweetspot/tuner:0.1.0",
  imagePullPolicy: "IfNotPresent",
  modelSources: { allowedNetworks: [], maximumBytes: 2 ** 33, huggingFaceEndpoint: "https://huggingface.co" },
  imagePullSecrets: [],
  nodeClassLabels: ["kubernetes.io/arch", "node.kubernetes.io/instance-type"],
  drainSeconds: 3,
  baselineSeconds: 300,
  prometheusUrl: null,
};

/** A committed sample of a document of the contract. */
export const sampleOf = (kind: string) =>
  JSON.parse(readFileSync(join(import.meta.dirname, "../../../crds/samples", `${kind}.json`), "utf8"));

/** The least InferenceDeployment, called `ocr` with one target `x64`, with some fields changed and defaults filled in. */
export function infd(changes: Changes = {}): StoredInferenceDeployment {
  const metadata = { namespace, uid: "uid-infd", generation: 1 };
  const document = changed({ ...minimal.InferenceDeployment, metadata: { name: "ocr", ...metadata } }, changes);
  return InferenceDeployment.parse(document) as StoredInferenceDeployment;
}

/** Two targets of the least kind, for `infd`. */
export const twoTargets = {
  "spec.targets": ["x64", "arm"].map((name) => ({ name, resources: { cpu: "1", memory: "1Gi" } })),
};

export const node = (name: string, labels: Record<string, string> = {}): Node => ({ metadata: { name, labels } });

export interface PodOptions {
  readonly name?: string;
  readonly target?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly node?: string;
  readonly status?: Pod["status"];
}

/** A pod that answers requests, unless `status` says otherwise. */
export const readyStatus: NonNullable<Pod["status"]> = {
  phase: "Running",
  podIP: "10.0.0.7",
  qosClass: "Guaranteed",
  conditions: [
    { type: "PodScheduled", status: "True" },
    { type: "Ready", status: "True" },
  ],
  containerStatuses: [
    { name: "server", ready: true, restartCount: 0, state: { running: { startedAt: "2026-03-14T09:29:00Z" } } },
  ],
};

/** A serving pod of `ocr`. Its UID follows from its name. */
export function serverPod({
  name = "ocr-x64-a",
  target = "x64",
  annotations = {},
  node: nodeName = "node1",
  status = readyStatus,
}: PodOptions): Pod {
  const amounts = { cpu: "1", memory: "1Gi" };
  return {
    metadata: {
      name,
      namespace,
      uid: uidOf(name),
      creationTimestamp: ago(120),
      labels: targetLabels("ocr", target, "server"),
      annotations,
    },
    spec: {
      nodeName,
      containers: [{ name: "server", image: settings.serverImage, resources: { requests: amounts, limits: amounts } }],
    },
    status,
  };
}

export const uidOf = (name: string): string => `uid-${name}`;

/** Annotations of a pod that was told of a plan so many seconds ago and reminded so often since. */
export const toldAnnotations = (plan: object, seconds: number, reminders = 0) => ({
  [annotationKeys.plan]: JSON.stringify(plan),
  [annotationKeys.nonce]: `${now - 1000 * seconds}/${reminders}`,
});

/** What a pod says that runs the plan of that revision. */
export const reportOf = (changes: Partial<ServiceLevelReport> = {}): PodReport => ({
  report: ServiceLevelReport.parse({ ...sampleOf("ServiceLevelReport"), planRevision: "safe", ...changes }),
});

/** The Deployment of a target as the operator has left it. */
export const deploymentOf = (replicas: number, target = "x64"): Deployment => ({
  metadata: { name: childName("ocr", target), namespace, uid: uidOf(`deployment-${target}`) },
  spec: { replicas },
});
