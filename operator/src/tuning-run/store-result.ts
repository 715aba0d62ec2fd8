import { digestOf, RecordReader, type ServingPlan } from "@sweetspot/crds";
import type { ApplyAction, StoreResultAction, TakeAnswerAction } from "../actions/action.ts";
import { configMaps, tuningRuns } from "../resources.ts";
import type { KubeClient, KubernetesObject } from "../runtime/index.ts";
import { labelKeys, managedBy, reportName } from "../specs/names.ts";
import { ownerReference } from "../specs/owner.ts";

/** The records come last and take at most 1.5 MB; a log that was flooded after them has lost them. */
const logLines = 512;
const logBytes = 8 * 2 ** 20;

/** What the API server takes as a ConfigMap's data, less its keys and figures. */
const mostBytes = 2 ** 20 - 1024;

/** Keys of a report's ConfigMap. */
export const reportKeys = {
  /** Gzip of the `TuningReport`. */
  report: "report",
  /** Gzip of the `VariantRecipe`; absent when the source won. */
  recipe: "recipe",
  /** The winner's `ServingPlan`, so that nobody needs the whole report for it. */
  plan: "plan.json",
  /** Bytes of the report's gzip, for whoever has not the gzip at hand: the operator's cache drops it. */
  bytes: "report.bytes",
  /** The run that measured, where its answer was taken over. */
  from: "answer.from",
  /** Why there is nothing else. */
  problem: "problem",
} as const;

/**
 * What the log of a tuning pod holds, as a ConfigMap that belongs to its run. The log is untrusted: only records with the
 * announced digests that keep their schema are taken, and of these only a report whose plan is the announced one.
 */
export async function storeResult(
  client: KubeClient,
  action: StoreResultAction,
  signal: AbortSignal,
): Promise<Omit<ApplyAction, "kind">> {
  const { name = "", namespace = "" } = action.pod.metadata;
  const options = { container: "tuner", tailLines: logLines, limitBytes: logBytes, deadlineMs: 30_000, signal };
  const log = await client.podLog({ name, namespace }, options);
  return storedFor(action.run, contentOf(log, action));
}

/** What another run has stored, for this one. Throws `ApiError` where it is gone. */
export async function takeAnswer(
  client: KubeClient,
  { run, from }: TakeAnswerAction,
  signal: AbortSignal,
): Promise<Omit<ApplyAction, "kind">> {
  const { namespace = "", name } = from.metadata;
  const { data, binaryData } = await client.get(configMaps, { namespace, name: reportName(name) }, { signal });
  return storedFor(run, { data: { ...data, [reportKeys.from]: name }, ...(binaryData && { binaryData }) });
}

const storedFor = (run: KubernetesObject, content: object): Omit<ApplyAction, "kind"> => {
  const { name, namespace = "" } = run.metadata;
  return {
    resource: configMaps,
    manifest: {
      metadata: {
        name: reportName(name),
        namespace,
        labels: { ...managedBy, [labelKeys.component]: "report", [labelKeys.run]: name },
        ownerReferences: [ownerReference(tuningRuns, run)],
      },
      ...content,
    },
  };
};

type Announced = Pick<StoreResultAction, "reportDigest" | "recipeDigest" | "planDigest">;

/** Data of the ConfigMap. */
export function contentOf(log: string, { reportDigest, recipeDigest, planDigest }: Announced) {
  const wanted = new Set([reportDigest, ...(recipeDigest === null ? [] : [recipeDigest])]);
  const reader = new RecordReader(undefined, wanted);
  reader.push(log);
  const { records, problems } = reader.finish();
  const report = records.find(({ kind, digest }) => kind === "TuningReport" && digest === reportDigest);
  const recipe = records.find(({ kind, digest }) => kind === "VariantRecipe" && digest === recipeDigest);
  if (report?.kind !== "TuningReport") return problem(problems[0] ?? "The log holds no report.");
  const plan: ServingPlan = report.document.decision.plan;
  // A made variant without its recipe could not be made again in the serving pods.
  if (recipe === undefined && (recipeDigest !== null || plan.artifact.variant !== "Source")) {
    return problem(problems[0] ?? "The log holds no recipe.");
  }
  if (digestOf(plan) !== planDigest) return problem("The plan in the report is not the one that the result names.");
  const text = JSON.stringify(plan);
  const total = report.gzip.length + (recipe?.gzip.length ?? 0) + text.length;
  if (total > mostBytes) return problem(`Report, recipe and plan have ${total} bytes, and a ConfigMap holds 1 MiB.`);
  return {
    data: { [reportKeys.plan]: text, [reportKeys.bytes]: String(report.gzip.length) },
    binaryData: {
      [reportKeys.report]: base64(report.gzip),
      ...(recipe === undefined ? {} : { [reportKeys.recipe]: base64(recipe.gzip) }),
    },
  };
}

const problem = (sentence: string) => ({ data: { [reportKeys.problem]: sentence.slice(0, 1024) } });

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
