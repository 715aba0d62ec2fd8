import type { CpuIdentity, NodeClass } from "@sweetspot/crds";

/** What tells kinds of nodes apart. */
export interface NodeKind {
  /** Values of the configured labels that the node carries; undefined where the node is not known. */
  readonly labels: NodeClass | undefined;
  /** The CPU that a program finds there; undefined where none has told. */
  readonly cpu: CpuIdentity | undefined;
}

/** How the node of a pod stands to the one that was measured. `Unknown`: nothing is known of both. */
export type Likeness = "Same" | "OtherLabels" | "OtherCpu" | "Unknown";

/**
 * Labels make a kind, because pods can be sent to them. The CPU that programs find confirms it, or shows that the labels do not tell. Labels
 * that the measured node did not carry are not looked at: somebody may have begun to set them since.
 */
export function likenessOf(measured: NodeKind, present: NodeKind): Likeness {
  const cpu = sameCpu(measured.cpu, present.cpu);
  const known = measured.labels !== undefined && present.labels !== undefined;
  if (cpu === false) return "OtherCpu";
  if (differingLabels(measured, present).length > 0) return "OtherLabels";
  return cpu === null && !known ? "Unknown" : "Same";
}

/** Null where one of them is not known. */
export function sameCpu(a: CpuIdentity | undefined, b: CpuIdentity | undefined): boolean | null {
  if (a === undefined || b === undefined) return null;
  return a.model === b.model && a.architecture === b.architecture;
}

/** Keys of the measured node's labels whose values are others now. */
export const differingLabels = ({ labels: measured }: NodeKind, { labels: present }: NodeKind): string[] =>
  measured === undefined || present === undefined
    ? []
    : Object.keys(measured)
        .filter((key) => measured[key] !== present[key])
        .sort();

/** A pod that answers requests, and where it runs. */
export interface PodOnNode {
  readonly uid: string;
  readonly pod: string;
  readonly node: string;
  readonly kind: NodeKind;
}

/** What the nodes of a target's pods say of its measurement. */
export type NodeVerdict =
  /** No pod tells, or nothing was measured. */
  | { readonly kind: "Unknown" }
  /** All that tell run on the kind of node that was measured. */
  | { readonly kind: "Alike" }
  /** `Mixed`: some do, some do not. `Changed`: none does any more, and the measurement is stale. */
  | {
      readonly kind: "Mixed" | "Changed";
      readonly measured: NodeKind;
      /** A pod on the kind of node that most of the others have. */
      readonly example: PodOnNode;
      /** Pods that tell, and those of them on other kinds. */
      readonly pods: number;
      readonly others: number;
    };

/** Holds the nodes of a target's pods against the one that was measured; null where nothing was. */
export function judgeNodes(measured: NodeKind | null, pods: readonly PodOnNode[]): NodeVerdict {
  if (measured === null) return { kind: "Unknown" };
  const told = pods
    .map((pod) => ({ pod, likeness: likenessOf(measured, pod.kind) }))
    .filter(({ likeness }) => likeness !== "Unknown");
  const others = told.filter(({ likeness }) => likeness !== "Same").map(({ pod }) => pod);
  const example = ofMost(others);
  if (told.length === 0) return { kind: "Unknown" };
  if (example === undefined) return { kind: "Alike" };
  const kind = others.length === told.length ? "Changed" : "Mixed";
  return { kind, measured, example, pods: told.length, others: others.length };
}

/** Labels of the kind of node that most of these pods run on; undefined where none is known or carries any. */
export function classOfMost(pods: readonly PodOnNode[]): NodeClass | undefined {
  const labelled = pods.filter(({ kind: { labels = {} } }) => Object.keys(labels).length > 0);
  return ofMost(labelled.map((pod) => ({ ...pod, kind: { labels: pod.kind.labels, cpu: undefined } })))?.kind.labels;
}

/** The first pod, by name, of those whose kind most have; of kinds that as many have, that of the first pod. */
function ofMost(pods: readonly PodOnNode[]): PodOnNode | undefined {
  const groups = Map.groupBy(
    pods.toSorted((a, b) => (a.pod < b.pod ? -1 : 1)),
    ({ kind: { labels = {}, cpu } }) => JSON.stringify([Object.entries(labels).sort(), cpu?.model, cpu?.architecture]),
  );
  return [...groups.values()].toSorted((a, b) => b.length - a.length)[0]?.[0];
}

/** A kind in words, with those of its labels: `AMD EPYC 7763 (x64) with kubernetes.io/arch=amd64`. */
export function kindInWords({ labels, cpu }: NodeKind, keys: readonly string[]): string {
  const of = keys.map((key) => (labels?.[key] === undefined ? `no ${key}` : `${key}=${labels[key]}`)).join(", ");
  const name = cpu === undefined ? "nodes" : `${cpu.model} (${cpu.architecture})`;
  return of === "" ? name : `${name} with ${of}`;
}
