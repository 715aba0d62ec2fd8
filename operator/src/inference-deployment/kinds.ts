import { type InferenceDeploymentSpec, type ServingPlan, safeRevision } from "@sweetspot/crds";
import { nodeClassOf } from "../nodes.ts";
import { likenessOf, type NodeKind, type PodOnNode } from "../policies/node-kinds.ts";
import type { Node, Pod } from "../resources.ts";
import type { Answer } from "./answer.ts";
import type { Serving } from "./loop/serving.ts";
import type { ObservedTarget } from "./observed.ts";

/** What a pod should run: a measured plan, or the safe one that each server makes for itself. */
export type WantedPlan = ServingPlan | typeof safeRevision;

/** Where these pods run, as their nodes' labels and their own reports say it. */
export function podsOnNodes(
  pods: readonly Pod[],
  { reports }: ObservedTarget,
  nodes: readonly Node[],
  labels: readonly string[],
): PodOnNode[] {
  return pods.map(({ metadata, spec }) => {
    const node = nodes.find(({ metadata: { name } }) => name === spec?.nodeName);
    const answer = reports.get(metadata.uid ?? "");
    const cpu = answer !== undefined && "report" in answer ? answer.report.cpu : undefined;
    const kind: NodeKind = { labels: node && (nodeClassOf(node, labels) ?? {}), cpu };
    return { uid: metadata.uid ?? "", pod: metadata.name, node: spec?.nodeName ?? "", kind };
  });
}

/** The kind of node that a run measured. Runs of older releases did not note its labels. */
export function measuredKind({ run, result }: Answer): NodeKind {
  const { cpuModel: model, architecture } = result.environment;
  return { labels: run.status?.nodeClass, cpu: { model, architecture } };
}

/**
 * UIDs of the pods that must not run the plan: it changes the model's numbers, and its quality was measured on another CPU than theirs. A
 * plan for the source gives the same answers everywhere, and is at worst slow. Nothing is withheld that a person has `pinned`, or where
 * quality is nobody's concern.
 */
export function podsWithoutPlan(
  serving: Serving | null,
  pods: readonly PodOnNode[],
  { quality }: Pick<InferenceDeploymentSpec, "quality">,
  pinned: boolean,
): ReadonlySet<string> {
  if (serving === null || serving.plan.artifact.variant === "Source") return new Set();
  if (pinned || quality.mode === "Unchecked") return new Set();
  const measured = measuredKind(serving.answer);
  return new Set(pods.filter(({ kind }) => likenessOf(measured, kind) === "OtherCpu").map(({ uid }) => uid));
}

/** What one pod should run. */
export const wantedPlan = ({ metadata }: Pod, plan: ServingPlan, without: ReadonlySet<string>): WantedPlan =>
  without.has(metadata.uid ?? "") ? safeRevision : plan;
