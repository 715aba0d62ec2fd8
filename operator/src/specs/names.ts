import { digestOf } from "@sweetspot/crds";

/** Labels and annotations that the operator sets and looks for. */
export const labelKeys = {
  managedBy: "app.kubernetes.io/managed-by",
  name: "app.kubernetes.io/name",
  component: "app.kubernetes.io/component",
  inferenceDeployment: "sweetspot.dev/inference-deployment",
  target: "sweetspot.dev/target",
  run: "sweetspot.dev/tuning-run",
} as const;

export const annotationKeys = {
  /** The serving plan of one pod, as JSON. */
  plan: "sweetspot.dev/plan",
  /** The plan that one pod tries beside its own, a `PlanTrial` as JSON. */
  trial: "sweetspot.dev/trial",
  /** Changed when a pod has not taken its plan in time, so that its kubelet looks again. */
  nonce: "sweetspot.dev/nonce",
} as const;

/** Annotations of an InferenceDeployment by which a person asks for something. */
export const requestKeys = {
  /** Any new value: measure again. */
  retune: "sweetspot.dev/retune",
  /** Any new value: go back to the plan before. */
  rollback: "sweetspot.dev/rollback",
  /** Name of a plan of the history: serve it from now on, and watch it as any other. */
  promote: "sweetspot.dev/promote",
  /** Name of a plan of the history: serve it, and change nothing while this stands here. */
  pin: "sweetspot.dev/pin",
} as const;

export const managedBy = { [labelKeys.managedBy]: "sweetspot" } as const;

export type Component = "server" | "tuner" | "report" | "history";

/** Objects of one target: its Deployment, ConfigMap, ServiceAccount and PodDisruptionBudget. */
export const childName = (deployment: string, target: string): string => `${deployment}-${target}`;

/** A dot, which no name of a target has, so that it is never the `childName` of another one. */
export const historyName = (deployment: string, target: string): string => `${childName(deployment, target)}.history`;

export const reportName = (run: string): string => `${run}-report`;

/** The same question gets the same name, so that asking twice makes one run. */
export const runName = (deployment: string, target: string, question: object, attempt: number): string =>
  `${childName(deployment, target)}-${shortDigest(question)}-${attempt}`;

export const shortDigest = (value: object): string => digestOf(value).slice("sha256:".length, "sha256:".length + 8);

export const targetLabels = (deployment: string, target: string, component: Component) => ({
  ...managedBy,
  [labelKeys.name]: deployment,
  [labelKeys.component]: component,
  [labelKeys.inferenceDeployment]: deployment,
  [labelKeys.target]: target,
});

/** What tells the serving pods of one target from all others. */
export const serverSelector = (deployment: string, target: string) => ({
  [labelKeys.inferenceDeployment]: deployment,
  [labelKeys.target]: target,
  [labelKeys.component]: "server",
});
