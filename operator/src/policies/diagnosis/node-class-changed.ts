import { differingLabels, kindInWords } from "../node-kinds.ts";
import type { DiagnosisPolicy } from "./observation.ts";

/** No pod runs on the kind of node that was measured any more: neither table nor verdict is about the nodes that serve. */
export const nodeClassChanged: DiagnosisPolicy = ({ nodes }) => {
  if (nodes.kind === "Unknown") return null;
  const holds = nodes.kind === "Changed";
  if (nodes.kind === "Alike")
    return found(false, { pods: 0, otherPods: 0 }, "All pods run on the kind of node that was measured.");
  const { measured, example, pods, others } = nodes;
  const keys = differingLabels(measured, example.kind);
  const sentence = `It was measured on ${kindInWords(measured, keys)}, and its pods run on ${kindInWords(example.kind, keys)}.`;
  return found(holds, { pods, otherPods: others }, sentence);
};

const found = (holds: boolean, evidence: Readonly<Record<string, number>>, sentence: string) => ({
  cause: "NodeClassChanged" as const,
  holds,
  evidence,
  sentence,
  remedy: { kind: "Benchmark" as const },
});
