import { apiVersion } from "@sweetspot/crds";

export const namespace = "demo";

/** A namespace in which the API server refuses every pod that does not pass Pod Security *restricted*. */
export const restrictedNamespace = {
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name: namespace, labels: { "pod-security.kubernetes.io/enforce": "restricted" } },
};

/** A share of a CPU: several such pods fit beside each other, and none is pinned. */
export const fractional = { cpu: "200m", memory: "256Mi" } as const;

/** Half a CPU, with which a tuning of a small model takes a minute. */
export const tunable = { cpu: "500m", memory: "256Mi" } as const;

/** The shortest tuning that there is, for scenarios in which it is not what counts. */
export const shortest = { tuning: { budgetSeconds: 20, variants: ["Source"] } } as const;

interface Wanted {
  readonly name: string;
  readonly image: string;
  readonly latencyMilliseconds?: number;
  readonly resources?: { readonly cpu: string; readonly memory: string };
  /** Further fields of spec, and of its only target. */
  readonly spec?: object;
  readonly target?: object;
}

/** The OCR recogniser of an image that holds its samples too, with a CPU of its own. */
export const recogniserDeployment = (
  name: string,
  image: string,
  { latencyMilliseconds, budgetSeconds }: { readonly latencyMilliseconds: number; readonly budgetSeconds: number },
) =>
  inferenceDeployment({
    name,
    image,
    latencyMilliseconds,
    spec: {
      model: { uri: `oci://${image}`, task: "TextRecognition" },
      workload: { samples: { file: "samples.jsonl" } },
      tuning: { budgetSeconds },
    },
  });

/** A small InferenceDeployment with one target. */
export function inferenceDeployment(wanted: Wanted) {
  const { name, image, latencyMilliseconds = 300, resources = { cpu: "1", memory: "1Gi" }, spec, target } = wanted;
  return {
    apiVersion,
    kind: "InferenceDeployment",
    metadata: { name, namespace },
    spec: {
      model: { uri: `oci://${image}` },
      serviceLevel: { percentile: "P99", latencyMilliseconds },
      targets: [{ name: "cpu", resources, ...target }],
      ...spec,
    },
  };
}
