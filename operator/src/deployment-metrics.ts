import type { InferenceDeployment } from "@sweetspot/crds";
import { Gauge, type Registry } from "prom-client";
import type { StoredInferenceDeployment } from "./resources.ts";

/** What the operator knows of deployments, for autoscalers, alerts and dashboards: name, labels besides whose it is, and help. */
export const deploymentMetrics = {
  sweetspot_target_capacity_requests_per_second: {
    labels: ["target"],
    help: "Requests per second that one replica was measured to carry within the target.",
  },
  sweetspot_target_tuned_concurrency: {
    labels: ["target"],
    help: "Requests under way in one replica on average at the load of the confirming run.",
  },
  sweetspot_target_replicas: { labels: ["target"], help: "Pods of a target." },
  sweetspot_target_ready_replicas: { labels: ["target"], help: "Pods of a target that answer requests." },
  sweetspot_target_latency_seconds: { labels: ["target"], help: "Latency at the percentile in the confirming run." },
  sweetspot_service_level_seconds: { labels: ["percentile"], help: "Latency that is promised, with its percentile." },
  sweetspot_condition: {
    labels: ["type", "status", "reason"],
    help: "1 for each condition of an InferenceDeployment, with its status and reason.",
  },
  sweetspot_target_cause: {
    labels: ["target", "cause", "response"],
    help: "1 while something keeps a target from its promise: the cause, and what is done about it.",
  },
} as const;

type Name = keyof typeof deploymentMetrics;

/** The Kubernetes namespace is not called so: scraping gives every series the namespace of the operator's pod. */
const whose = ["inference_namespace", "inference_deployment"] as const;

interface Sample {
  readonly name: Name;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** All samples of one deployment, from its status. */
function samplesOf({ spec, status }: Pick<InferenceDeployment, "spec" | "status">): Sample[] {
  const { percentile, latencyMilliseconds } = spec.serviceLevel;
  const promised: Sample = {
    name: "sweetspot_service_level_seconds",
    labels: { percentile },
    value: latencyMilliseconds / 1000,
  };
  const conditions = (status?.conditions ?? []).map(
    ({ type, status: holds, reason }): Sample => ({
      name: "sweetspot_condition",
      labels: { type, status: holds, reason },
      value: 1,
    }),
  );
  return [promised, ...conditions, ...(status?.targets ?? []).flatMap(targetSamples)];
}

type TargetStatus = NonNullable<NonNullable<InferenceDeployment["status"]>["targets"]>[number];

function targetSamples(status: TargetStatus): Sample[] {
  const labels = { target: status.name };
  const figure = (name: Name, value: number | undefined): Sample[] =>
    value === undefined ? [] : [{ name, labels, value }];
  const { diagnosis, latencyMilliseconds } = status;
  const latency = latencyMilliseconds === undefined ? undefined : latencyMilliseconds / 1000;
  return [
    ...figure("sweetspot_target_capacity_requests_per_second", status.capacityRequestsPerSecond),
    ...figure("sweetspot_target_tuned_concurrency", status.tunedConcurrency),
    ...figure("sweetspot_target_replicas", status.replicas),
    ...figure("sweetspot_target_ready_replicas", status.readyReplicas),
    ...figure("sweetspot_target_latency_seconds", latency),
    ...(diagnosis === undefined
      ? []
      : [
          {
            name: "sweetspot_target_cause" as const,
            labels: { ...labels, cause: diagnosis.cause, response: diagnosis.response },
            value: 1,
          },
        ]),
  ];
}

export interface DeploymentSource {
  readonly list: () => readonly StoredInferenceDeployment[];
  /** Only one process tells, so that nothing is counted twice. */
  readonly leads: () => boolean;
}

/** Adds the metrics to a registry; they are read from the cache when they are scraped. */
export function exportDeployments(registry: Registry, { list, leads }: DeploymentSource): void {
  for (const [name, { labels, help }] of Object.entries(deploymentMetrics)) {
    new Gauge({
      ...{ name, help, registers: [registry] },
      labelNames: [...whose, ...labels],
      collect() {
        this.reset();
        if (!leads()) return;
        for (const infd of list()) {
          const { namespace = "", name: deployment } = infd.metadata;
          const own = { inference_namespace: namespace, inference_deployment: deployment };
          for (const sample of samplesOf(infd as InferenceDeployment)) {
            if (sample.name === name) this.set({ ...own, ...sample.labels }, sample.value);
          }
        }
      },
    });
  }
}
