import * as z from "zod";
import { envelope, MadeVariant } from "../common.ts";
import { ArtifactStore } from "./artifact-store.ts";
import { Autoscaling, replicasHaveOneOwner } from "./autoscaling.ts";
import { InferenceDeploymentStatus } from "./inference-deployment-status.ts";
import { metadataOf } from "./metadata.ts";
import { ModelReference } from "./model.ts";
import { labelsNeedSamples, Quality, ServiceLevel, textsNeedTokenizer, Workload } from "./objectives.ts";
import { PodResources } from "./quantity.ts";
import { coolDownCoversSettling, Retuning } from "./retuning.ts";
import { keyedList, setOf, withRules } from "./rules.ts";
import { NodeSelector, RuntimeClassName, Tolerations } from "./scheduling.ts";

/** A TuningRun, and with it its Job, is called DEPLOYMENT-TARGET-DIGEST-ATTEMPT, which must be a label of 63 characters. */
const longestNames = 63 - "-".length - "-01234567-100".length;

export const TargetName = z
  .string()
  .max(30)
  .regex(/^[a-z0-9]([-a-z0-9]{0,28}[a-z0-9])?$/, "expected at most 30 lower-case letters, digits and hyphens");

export const Target = z.object({
  name: TargetName.describe(
    "Names the target in status and in the names of its objects: `x64`. Its Deployment is called NAME-TARGET.",
  ),
  nodeSelector: NodeSelector,
  tolerations: Tolerations,
  runtimeClassName: RuntimeClassName.optional(),
  resources: PodResources.describe(
    "Resources of each pod of the target, as requests and as limits, so that it is Guaranteed.",
  ),
});
export type Target = z.infer<typeof Target>;

export const Variants = setOf(MadeVariant, 16)
  .min(1)
  .default(["Source", "INT8Dynamic", "INT8Static"])
  .describe(
    "Variants of the model to consider. `Source`: as it is, always measured too. `INT8Dynamic`: weights in 8 bits, activations quantized as they come. `INT8Static`: both in 8 bits, calibrated on the samples by their least and greatest values. `INT8StaticEntropy`, `INT8StaticPercentile`: calibrated in other ways. `INT8StaticMixed`: only where these lose too much, with the worst operators left as they are. `Optimized`: graph optimised before it is loaded. `FP16`, `BF16`: half precision, where the engine has kernels for it. `OpenVino`, `CTranslate2`: as it is, computed by that engine, in images that have it. `OpenVinoINT8`: weights and activations in 8 bits for that engine, calibrated on the samples. `CTranslate2INT8`: weights in 8 bits.",
  );

export const BudgetSeconds = z
  .int()
  .min(20)
  .max(3600)
  .default(60)
  .describe(
    "Time that one tuning may take on its node, in seconds. More time narrows the intervals; 60 suffice for most.",
  );

export const Tuning = z
  .object({
    mode: z
      .enum(["Automatic", "Disabled"])
      .default("Automatic")
      .describe(
        "`Automatic`: measure on each target's nodes and serve the winner. `Disabled`: serve the source model with a safe plan.",
      ),
    budgetSeconds: BudgetSeconds,
    variants: Variants,
    whenFull: z
      .enum(["Wait", "Yield"])
      .default("Wait")
      .describe(
        "What happens when a node has no room for the tuning Job beside what it serves. `Wait`: the Job waits for room. `Yield`: one serving pod of the target makes room for the time of the tuning; requests are then carried by the others, or by none where there is only one.",
      ),
  })
  .describe("How the best way to serve is looked for.");

export const Rollout = z
  .object({
    initial: z
      .enum(["ServeSource", "WaitForTuning"])
      .default("ServeSource")
      .describe(
        "What is served before the first tuning is done. `ServeSource`: the source model at once, with a plan that is safe and not fast. `WaitForTuning`: nothing.",
      ),
  })
  .describe("How plans reach the pods.");

export const InferenceDeploymentSpec = withRules(
  z.object({
    model: ModelReference.describe("The model that is served."),
    replicas: z
      .int()
      .min(0)
      .max(1000)
      .default(1)
      .describe(
        "Pods of all targets together; they are distributed over the targets by what one of each carries. `kubectl scale` and autoscalers set this field. Left out where `autoscaling` is set.",
      ),
    autoscaling: Autoscaling.optional(),
    serviceLevel: ServiceLevel,
    quality: Quality.prefault({}),
    workload: Workload.prefault({}),
    targets: keyedList(Target, "name", 16)
      .min(1)
      .describe("Kinds of nodes that serve the model, 1 to 16. Each is measured, configured and scaled on its own."),
    tuning: Tuning.prefault({}),
    retuning: Retuning.prefault({}),
    rollout: Rollout.prefault({}),
    artifactStore: ArtifactStore.optional(),
  }),
  [
    textsNeedTokenizer,
    labelsNeedSamples,
    coolDownCoversSettling,
    replicasHaveOneOwner,
    {
      name: "AutoscalingNeedsTuning",
      holds: ({ tuning, autoscaling }) => autoscaling === undefined || tuning.mode !== "Disabled",
      cel: "!has(self.autoscaling) || self.tuning.mode != 'Disabled'",
      message: "autoscaling needs the capacity that tuning measures: remove it, or set tuning.mode to Automatic.",
      field: "autoscaling",
    },
    {
      name: "WaitingNeedsTuning",
      holds: ({ tuning, rollout }) => rollout.initial !== "WaitForTuning" || tuning.mode !== "Disabled",
      cel: "self.rollout.initial != 'WaitForTuning' || self.tuning.mode != 'Disabled'",
      message: "rollout.initial WaitForTuning with tuning.mode Disabled would never serve: change one of them.",
      field: "rollout",
    },
  ],
).describe("What is wanted.");
export type InferenceDeploymentSpec = z.infer<typeof InferenceDeploymentSpec>;

const DeploymentName = z
  .string()
  .max(45)
  .regex(
    /^[a-z]([-a-z0-9]{0,43}[a-z0-9])?$/,
    "expected a letter, then at most 44 lower-case letters, digits and hyphens",
  );

/** A model to be served, with what its users are promised: the operator finds out how. */
export const InferenceDeployment = withRules(
  z.object({
    ...envelope("InferenceDeployment"),
    metadata: metadataOf(DeploymentName),
    spec: InferenceDeploymentSpec,
    status: InferenceDeploymentStatus.optional(),
  }),
  [
    {
      name: "NamesFit",
      holds: ({ metadata, spec }) =>
        spec.targets.every((target) => metadata.name.length + target.name.length <= longestNames),
      cel: `self.spec.targets.all(target, self.metadata.name.size() + target.name.size() <= ${longestNames})`,
      message: `metadata.name and the name of each target may have ${longestNames} characters together.`,
      field: "spec",
    },
  ],
).describe(
  "InferenceDeployment serves one model and keeps a promise about its latency. The operator serves the source model at once, measures precision, batching, threads and pinning on the nodes that serve, gives the winner to the running pods, and reports in status what was chosen and why.",
);
export type InferenceDeployment = z.infer<typeof InferenceDeployment>;
