import type { InferenceDeploymentSpec, Target, TuningRunSpec } from "@sweetspot/crds";

/** The part of a TuningRun's spec that makes the question: equal questions need one answer. */
export type Question = Omit<TuningRunSpec, "trigger" | "attempt">;

/** What is to be measured for one target. */
export function questionOf(deployment: string, spec: InferenceDeploymentSpec, target: Target): Question {
  return {
    modelName: deployment,
    model: spec.model,
    serviceLevel: spec.serviceLevel,
    quality: spec.quality,
    workload: spec.workload,
    nodeSelector: target.nodeSelector,
    tolerations: target.tolerations,
    resources: target.resources,
    budgetSeconds: spec.tuning.budgetSeconds,
    variants: spec.tuning.variants,
    inferenceDeployment: deployment,
    target: target.name,
  };
}

export function questionOfRun({ trigger: _, attempt: __, ...question }: TuningRunSpec): Question {
  return question;
}

/**
 * Does the answer to one question still say how to serve under another? A plan belongs to its model, resources and kind of
 * node; a new target or workload makes it less good, not wrong.
 */
export function stillServes(old: Question, now: Question): boolean {
  const identity = ({ model, resources, nodeSelector, target }: Question) =>
    JSON.stringify([model.uri, model.file, model.digest, resources, sorted(nodeSelector), target]);
  return identity(old) === identity(now);
}

const sorted = (record: Readonly<Record<string, string>>) =>
  Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
