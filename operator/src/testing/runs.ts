import {
  digestOf,
  encodeRecord,
  InferenceDeploymentSpec,
  type NodeClass,
  type ServingPlan,
  SucceededResult,
  type Target,
  TuningRunSpec,
} from "@sweetspot/crds";
import type { ConfigMap, StoredInferenceDeployment, StoredTuningRun } from "../resources.ts";
import { inferenceDeployments, tuningRuns } from "../resources.ts";
import { reportName, runName, targetLabels } from "../specs/names.ts";
import { ownerReference } from "../specs/owner.ts";
import { podPlan } from "../specs/pod-plan.ts";
import { questionOf } from "../specs/tuning-question.ts";
import type { ObservedRun } from "../tuning-run/observed.ts";
import type { Progress } from "../tuning-run/progress.ts";
import { findingsOf, statusOf } from "../tuning-run/status.ts";
import { contentOf } from "../tuning-run/store-result.ts";
import { namespace, now, sampleOf, settings, uidOf } from "./objects.ts";

const record = encodeRecord("TuningReport", sampleOf("TuningReport"));
const recipe = encodeRecord("VariantRecipe", sampleOf("VariantRecipe"));
const { plan: measuredPlan } = sampleOf("TuningReport").decision as { plan: ServingPlan };

/** The log that a tuner leaves that has found the sample report's winner. */
export const tunerLog = ["tuning ...", ...record.lines, ...recipe.lines, ""].join("\n");

/** The result that belongs to `tunerLog`. */
export function resultOf(changes: Partial<SucceededResult> = {}): SucceededResult {
  const digests = { reportDigest: record.digest, recipeDigest: recipe.digest, planDigest: digestOf(measuredPlan) };
  return SucceededResult.parse({ ...sampleOf("TuningResult"), ...digests, ...changes });
}

/** The stored records of a run that found the sample report's winner. */
export const storedResult = (run: StoredTuningRun): ConfigMap => ({
  metadata: {
    name: reportName(run.metadata.name),
    namespace,
    uid: uidOf(reportName(run.metadata.name)),
    ownerReferences: [ownerReference(tuningRuns, run)],
  },
  ...contentOf(tunerLog, resultOf()),
});

export interface RunOptions {
  readonly target?: string;
  readonly attempt?: number;
  readonly trigger?: TuningRunSpec["trigger"];
  /** Without it the run has no status yet. */
  readonly progress?: Progress;
  /** Labels of the node that it measured; those of `node1` by default. */
  readonly nodeClass?: NodeClass;
  /** Seconds since it ended. */
  readonly endedAgo?: number;
}

/** A run as `deployment` asks for it, however far it has come. Its status is the operator's own. */
export function runOf(deployment: StoredInferenceDeployment, options: RunOptions = {}): StoredTuningRun {
  const { attempt = 1, trigger = "Initial", progress, endedAgo = 60 } = options;
  const parsed = InferenceDeploymentSpec.parse(deployment.spec);
  const target = parsed.targets.find(({ name }) => name === (options.target ?? "x64")) as Target;
  const { name: deploymentName } = deployment.metadata;
  const question = questionOf(deploymentName, parsed, target);
  const spec = TuningRunSpec.parse({ ...question, attempt, trigger });
  const name = runName(deploymentName, target.name, question, attempt);
  const metadata = {
    name,
    namespace,
    uid: uidOf(name),
    generation: 1,
    labels: targetLabels(deploymentName, target.name, "tuner"),
    ownerReferences: [ownerReference(inferenceDeployments, deployment)],
  };
  const run: StoredTuningRun = { metadata, spec };
  if (progress === undefined) return run;
  const { nodeClass } = options;
  const seen = observedRun(run, { now: now - 1000 * endedAgo, ...(nodeClass && { nodeClass }) });
  const withReport = progress.kind === "Answered" ? { ...seen, report: storedResult(run) } : seen;
  return { ...run, status: statusOf(withReport, progress, findingsOf(withReport, progress)) };
}

/** What the plan of a run looks at; by default a run that was just made. */
export function observedRun(run: StoredTuningRun, changes: Partial<ObservedRun> = {}): ObservedRun {
  const nothing = { job: undefined, pod: undefined, report: undefined, samplesFound: true, matchingNodes: 1 };
  const nodeClass = { "kubernetes.io/arch": "amd64" };
  const equal = { kind: "None" } as const;
  const refusal = null;
  return { run, spec: TuningRunSpec.parse(run.spec), ...nothing, nodeClass, equal, refusal, settings, now, ...changes };
}

export const answered = (changes: Partial<SucceededResult> = {}): Progress => ({
  kind: "Answered",
  result: resultOf(changes),
});

/** The plan of a run as pods of `deployment` get it. */
export function planOf(deployment: StoredInferenceDeployment, run: StoredTuningRun): ServingPlan {
  const { model } = InferenceDeploymentSpec.parse(deployment.spec);
  return podPlan(measuredPlan, run.metadata.name, deployment.metadata.name, model);
}
