import { safeRevision } from "@sweetspot/crds";
import { type Finding, sayFor } from "../conditions.ts";
import { differingLabels, kindInWords, type NodeKind, type PodOnNode, sameCpu } from "../policies/node-kinds.ts";
import type { TargetState } from "./target-state.ts";

const say = sayFor("InferenceDeployment");

/** `NodeClassConfirmed` of one target: do its pods run on the kind of node that was measured? */
export function nodeClassConfirmed(state: TargetState): Finding {
  const { target, nodes } = state;
  if (nodes.kind === "Unknown") return say("NodeClassConfirmed", "NotCompared", { target: target.name });
  if (nodes.kind === "Alike") return say("NodeClassConfirmed", "Confirmed", {});
  const { measured, example, pods, others } = nodes;
  const keys = differingLabels(measured, example.kind);
  const values = {
    target: target.name,
    measured: kindInWords(measured, keys),
    present: kindInWords(example.kind, keys),
    pod: example.pod,
    node: example.node,
    served: servedThere(state, example, measured),
  };
  if (nodes.kind === "Changed") return say("NodeClassConfirmed", "NodeClassChanged", values);
  const counts = { ...values, pods, others };
  // A value that is missing cannot be selected.
  const telling = keys.filter(
    (key) => measured.labels?.[key] !== undefined && example.kind.labels?.[key] !== undefined,
  );
  if (telling.length === 0) return say("NodeClassConfirmed", "CpuMismatch", counts);
  const selector = (kind: NodeKind) => JSON.stringify({ ...labelsOf(kind, telling), ...target.nodeSelector });
  return say("NodeClassConfirmed", "NodeClassMismatch", {
    ...counts,
    selector: selector(example.kind),
    own: selector(measured),
  });
}

const labelsOf = ({ labels = {} }: NodeKind, keys: readonly string[]) =>
  Object.fromEntries(keys.map((key) => [key, labels[key]]));

/** What the pod serves, where it runs on other nodes than were measured. */
function servedThere({ plans, serving }: TargetState, { uid, kind }: PodOnNode, measured: NodeKind): string {
  const variant = serving?.plan.artifact.variant ?? "Source";
  const wanted = plans.find(({ pod }) => pod.metadata.uid === uid)?.plan;
  if (wanted === safeRevision) {
    return `There the model is served as it is, because the quality of ${variant} was not measured on that CPU.`;
  }
  return variant === "Source" || sameCpu(measured.cpu, kind.cpu) === true
    ? "Its plan serves there too: answers are the same, and how fast they come was not measured."
    : "Its plan serves there too, and neither its quality nor its speed was measured there.";
}
