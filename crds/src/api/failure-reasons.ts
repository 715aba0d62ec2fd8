/** Why a tuning run ends without an answer. `TuningRun` says so in Failed, `InferenceDeployment` in Tuned. */
export const runFailures = {
  TuningFailed: {
    status: "True",
    message: "The tuner ended with an error: {detail}",
    action: "Read the log of Job {job}.",
  },
  ReportInvalid: {
    status: "True",
    message: "The Job {job} ended, but its result cannot be used: {detail}",
    action: "Check that the tuner image is of the operator's version.",
  },
  NoMatchingNode: {
    status: "True",
    message: "No node carries the labels {selector}.",
    action: "Correct the nodeSelector, or label a node.",
  },
  JobKilled: {
    status: "True",
    message: "The Job {job} was ended from outside: {detail}.",
    action: "When it ran out of memory, raise resources.memory; when its node went away, it is tried again.",
  },
  DeadlineExceeded: {
    status: "True",
    message: "The Job {job} was not done after {seconds} s.",
    action: "Raise the budget, or look at the pod's log to see where it stands still.",
  },
} as const;

/** Why the model cannot be had. `TuningRun` says so in Failed, `InferenceDeployment` in ModelResolved. */
export const modelFailures = {
  SourceNotSupported: {
    status: "True",
    message: "This release cannot read a model from {scheme}://.",
    action: "Use oci://, pvc://, https://, s3:// or hf://.",
  },
  SourceCannotBeFetched: {
    status: "True",
    message: "The model cannot be fetched: {detail}",
    action: "Correct spec.model or its Secret; it is tried again.",
  },
  ImageCannotBePulled: {
    status: "True",
    message: "The image {image} cannot be pulled: {detail}",
    action: "Check its name, and that the nodes may pull it.",
  },
  ClaimNotFound: {
    status: "True",
    message: "There is no PersistentVolumeClaim {claim} in this namespace.",
    action: "Create it, or correct model.uri or artifactStore.uri, whichever names it.",
  },
  SamplesNotFound: {
    status: "True",
    message: "There is no key {key} in a ConfigMap {configMap} in this namespace.",
    action: "Create it, or correct workload.samples.",
  },
  ModelFileBroken: {
    status: "True",
    message: "The model file {file} cannot be used: {detail}",
    action: "Check model.file, and that the file is an ONNX model that ONNX Runtime loads.",
  },
  DigestMismatch: {
    status: "True",
    message: "The model file {file} has digest {found}, not {wanted}.",
    action: "Correct model.digest, or restore the file.",
  },
} as const;

export const failures = { ...modelFailures, ...runFailures } as const;

type As<T, S extends string> = { readonly [K in keyof T]: Omit<T[K], "status"> & { readonly status: S } };

/** The same reasons where the condition says what is well instead of what is wrong. */
export function asFalse<T extends Readonly<Record<string, { readonly status: "True" }>>>(reasons: T): As<T, "False"> {
  const entries = Object.entries(reasons).map(([name, reason]) => [name, { ...reason, status: "False" }]);
  return Object.fromEntries(entries);
}
