import * as z from "zod";
import { envelope } from "../common.ts";
import { canonicalJson } from "../digest.ts";
import { ArtifactStore } from "./artifact-store.ts";
import { BudgetSeconds, TargetName, Variants } from "./inference-deployment.ts";
import { metadataOf } from "./metadata.ts";
import { ModelReference } from "./model.ts";
import { labelsNeedSamples, Quality, ServiceLevel, textsNeedTokenizer, Workload } from "./objectives.ts";
import { PodResources } from "./quantity.ts";
import { type Transition, withRules, withTransitions } from "./rules.ts";
import { NodeClass, NodeSelector, RuntimeClassName, Tolerations } from "./scheduling.ts";
import { TuningRunStatus } from "./tuning-run-status.ts";

const Label = z
  .string()
  .max(63)
  .regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, "expected at most 63 lower-case letters, digits and hyphens");

const Question = withRules(
  z.object({
    modelName: Label.describe("Name that the model is measured and served under."),
    model: ModelReference.describe("The model that is measured."),
    serviceLevel: ServiceLevel,
    quality: Quality.prefault({}),
    workload: Workload.prefault({}),
    nodeSelector: NodeSelector,
    nodeClass: NodeClass.optional().describe(
      "Labels that the Job's node must carry besides those of nodeSelector: the operator names the kind of node that most pods of the target run on. Any node of the selector when absent.",
    ),
    tolerations: Tolerations,
    runtimeClassName: RuntimeClassName.optional(),
    resources: PodResources.describe("Resources of the Job's pod: those of the pods that will serve."),
    budgetSeconds: BudgetSeconds,
    variants: Variants,
    artifactStore: ArtifactStore.optional(),
    trigger: z
      .enum(["Initial", "SpecChanged", "Manual", "Retry", "Drift"])
      .default("Manual")
      .describe(
        "Why it runs. `Initial`: the first of its target. `SpecChanged`: the question changed. `Retry`: the last attempt failed. `Drift`: its nodes became slower than they were measured, or are of another kind. `Manual`: somebody asked for it.",
      ),
    attempt: z.int().min(1).max(100).default(1).describe("Counts the attempts at the same question, from 1."),
    inferenceDeployment: Label.max(45)
      .optional()
      .describe("InferenceDeployment that asks. Absent when the run was made by hand."),
    target: TargetName.optional().describe("Its target that the run is for. Absent when the run was made by hand."),
  }),
  [
    textsNeedTokenizer,
    labelsNeedSamples,
    {
      name: "TargetNeedsDeployment",
      holds: ({ inferenceDeployment, target }) => (inferenceDeployment === undefined) === (target === undefined),
      cel: "has(self.inferenceDeployment) == has(self.target)",
      message: "inferenceDeployment and target go together: name both or neither.",
      field: "target",
    },
  ],
).describe("The question. It cannot be changed: its answer would no longer be one to it.");

export const specIsImmutable: Transition<z.infer<typeof Question>> = {
  name: "SpecIsImmutable",
  holds: (spec, previous) => canonicalJson(spec) === canonicalJson(previous),
  cel: "self == oldSelf",
  message: "The spec of a TuningRun cannot be changed: delete it, or create another.",
};

export const TuningRunSpec = withTransitions(Question, [specIsImmutable]);
export type TuningRunSpec = z.infer<typeof TuningRunSpec>;

/** One question to the tuner, and its answer. */
export const TuningRun = z
  .object({
    ...envelope("TuningRun"),
    metadata: metadataOf(Label),
    spec: TuningRunSpec,
    status: TuningRunStatus.optional(),
  })
  .describe(
    "TuningRun is one measurement: how is this model served best on such a node, under this target? The operator runs it as a Job and keeps the answer in status. It makes runs for the targets of an InferenceDeployment; make one by hand to try a question without serving.",
  );
export type TuningRun = z.infer<typeof TuningRun>;
