import {
  apiVersion,
  digestOf,
  type PlanHistory,
  type PlanTrial,
  type ServingPlan,
  type TrialReport,
} from "@sweetspot/crds";
import type { PodTraffic } from "../../policies/pod-traffic.ts";
import { judgeSwitchback, longestTrialSeconds, type SwitchbackDesign } from "../../policies/switchback.ts";
import type { Pod } from "../../resources.ts";
import { mostPlanBytes } from "../../specs/pod-plan.ts";

/** Pairs of 24 s, as the simulation of trials has them: a plan that is a tenth faster is mostly found within a quarter of an hour. */
const trialDesign: SwitchbackDesign = {
  seed: 0,
  blockSeconds: 12,
  washOutSeconds: 2,
  mostPairs: 60,
  alpha: 0.05,
};

/** With fewer requests per second in a pod a block says nothing. */
const leastRequestsPerSecond = 2;
/** A trial has so much more time than its pairs take, for loading and for blocks without requests. */
const patience = 1.5;
const spareSeconds = 120;

/** Can pods try a plan of this size now: do they know how, and have they the traffic for it? */
export function canTry(pods: readonly PodTraffic[], requestsPerSecond: number): boolean {
  const able = pods.filter(({ report }) => report?.trial !== undefined);
  return able.length > 0 && requestsPerSecond >= leastRequestsPerSecond * pods.length;
}

/** Both plans travel in annotations of the pod. */
export const fitsAnnotation = (plan: ServingPlan): boolean => Buffer.byteLength(JSON.stringify(plan)) <= mostPlanBytes;

type Trial = NonNullable<PlanHistory["trial"]>;

/** How long a trial may take at the most, seconds. */
const mostSeconds = (pods: number): number => patience * longestTrialSeconds(trialDesign, pods) + spareSeconds;

/** The document that one pod gets: each has coins of its own. */
export function trialFor(pod: Pod, { id }: Trial, plan: ServingPlan): PlanTrial {
  const { blockSeconds, washOutSeconds } = trialDesign;
  const seed = Number.parseInt(
    digestOf({ id, pod: pod.metadata.uid }).slice("sha256:".length, "sha256:".length + 8),
    16,
  );
  return {
    apiVersion,
    kind: "PlanTrial",
    id,
    plan: asCandidate(plan),
    seed,
    blockSeconds,
    washOutSeconds,
    // The same for all pods whatever their number, so that the document never changes.
    mostSeconds: mostSeconds(1),
  };
}

/** Its recipe lies beside that of the plan that serves. */
const candidateRecipe = "trial-recipe";

function asCandidate(plan: ServingPlan): ServingPlan {
  const { recipe } = plan.artifact;
  if (recipe === undefined) return plan;
  return { ...plan, artifact: { ...plan.artifact, recipe: { ...recipe, file: candidateRecipe } } };
}

export type TrialVerdict =
  | { readonly kind: "Promote"; readonly message: string }
  | { readonly kind: "Refuse"; readonly message: string }
  | { readonly kind: "Continue" };

/** What the pods' pairs of blocks say of the candidate so far. */
export function judgeTrial(trial: Trial, pods: readonly PodTraffic[], now: number): TrialVerdict {
  const reports = pods.flatMap(({ pod, report }) =>
    report?.trial?.id === trial.id ? [{ pod, trial: report.trial as TrialReport }] : [],
  );
  const failed = reports.find((report) => report.trial.state === "Failed");
  if (failed !== undefined) {
    return {
      kind: "Refuse",
      message: `Pod ${failed.pod} cannot serve it: ${failed.trial.message ?? "no reason given"}`,
    };
  }
  const pairs = reports
    .flatMap((report) => report.trial.pairs)
    .filter(({ incumbent, candidate }) => incumbent > 0 && candidate > 0)
    .sort((a, b) => a.pair - b.pair);
  const verdict = judgeSwitchback(pairs, trialDesign);
  const seen = `in ${pairs.length} pairs of blocks beside the plan that serves`;
  if (verdict.kind === "Promote") return { kind: "Promote", message: `It was better ${seen}: ${compared(pairs)}.` };
  if (verdict.kind === "RollBack") {
    const how = verdict.reason === "Worse" ? "It was worse" : "It was not shown to be better";
    return { kind: "Refuse", message: `${how} ${seen}: ${compared(pairs)}.` };
  }
  const late = now > Date.parse(trial.since) + 1000 * mostSeconds(pods.length);
  return late ? { kind: "Refuse", message: `It was not decided ${seen}, which took too long.` } : { kind: "Continue" };
}

/** Mean latencies over all pairs. */
function compared(pairs: readonly { readonly incumbent: number; readonly candidate: number }[]): string {
  const mean = (of: "incumbent" | "candidate") =>
    pairs.reduce((sum, pair) => sum + pair[of], 0) / Math.max(1, pairs.length);
  return `${mean("candidate").toPrecision(3)} ms on average against ${mean("incumbent").toPrecision(3)} ms`;
}
