import {
  canonicalJson,
  type InferenceDeploymentSpec,
  MadeVariant,
  type ModelReference,
  type PodResources,
  type Target,
  type TuningRunSpec,
} from "@sweetspot/crds";
import { shortDigest } from "./names.ts";

/**
 * The part of a TuningRun's spec that makes the question: equal questions need one answer. The kind of node is not part of it: it is
 * found, not asked for, and when it changes the same question is asked again. Where artifacts are kept changes no answer.
 */
export type Question = Omit<TuningRunSpec, "trigger" | "attempt" | "nodeClass" | "artifactStore">;

/** What is to be measured for one target. */
export function questionOf(deployment: string, spec: InferenceDeploymentSpec, target: Target): Question {
  return {
    modelName: deployment,
    model: inOrder(spec.model),
    serviceLevel: spec.serviceLevel,
    quality: spec.quality,
    workload: spec.workload,
    nodeSelector: target.nodeSelector,
    tolerations: target.tolerations,
    ...(target.runtimeClassName === undefined ? {} : { runtimeClassName: target.runtimeClassName }),
    resources: withoutNothing(target.resources),
    budgetSeconds: spec.tuning.budgetSeconds,
    variants: variantsInOrder(spec.tuning.variants),
    inferenceDeployment: deployment,
    target: target.name,
  };
}

export function questionOfRun(spec: TuningRunSpec): Question {
  const { trigger: _, attempt: __, nodeClass: ___, artifactStore: ____, ...question } = spec;
  return {
    ...question,
    model: inOrder(question.model),
    resources: withoutNothing(question.resources),
    variants: variantsInOrder(question.variants),
  };
}

/** The API server merges lists without order into what was there: the same set may come in any order, and is the same question. */
const variantsInOrder = (variants: Question["variants"]): Question["variants"] =>
  MadeVariant.options.filter((variant) => variants.includes(variant));

/** No files, where there were some, stay as an empty list. */
function inOrder({ additionalFiles = [], ...model }: ModelReference): ModelReference {
  return additionalFiles.length === 0 ? model : { ...model, additionalFiles: additionalFiles.toSorted() };
}

/** No devices, where there were some, stay as an empty map; claims come in any order. */
function withoutNothing({ cpu, memory, devices = {}, claims = [] }: PodResources): PodResources {
  const named = claims.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return {
    cpu,
    memory,
    ...(Object.keys(devices).length === 0 ? {} : { devices }),
    ...(named.length === 0 ? {} : { claims: named }),
  };
}

/** What is measured, whoever asks: runs whose profiles are equal need one measurement. */
export function profileOf(spec: TuningRunSpec): string {
  const { modelName: _, inferenceDeployment: __, target: ___, ...measured } = questionOfRun(spec);
  return shortDigest(spec.nodeClass === undefined ? measured : { ...measured, nodeClass: spec.nodeClass });
}

/**
 * Does the answer to one question still say how to serve under another? A plan belongs to its model, resources and kind of
 * node; a new target or workload makes it less good, not wrong.
 */
export function stillServes(old: Question, now: Question): boolean {
  const identity = ({ model: { uri, file, digest }, resources, nodeSelector, runtimeClassName, target }: Question) =>
    canonicalJson({ uri, file, digest, resources, nodeSelector, runtimeClassName, target });
  return identity(old) === identity(now);
}
