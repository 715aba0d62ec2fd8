import type { Candidate, ChecklistItem } from "@sweetspot/crds";
import { batchingItem, bucketingItem, paddingItem } from "./batching-items.ts";
import { type Evidence, notApplicable, notTried } from "./item.ts";
import { bottleneckItem, overlapItem, pinningItem, systemItem, versionsItem } from "./machine-items.ts";
import { variantItem } from "./variant-items.ts";

/**
 * What became of every item of the serving checklist, in its order, by what the report holds. Only what was measured
 * with and without gets a ratio: what the simulator says of a plan that never ran is not one.
 */
export function checklistOf(evidence: Evidence): ChecklistItem[] {
  const { candidates, decision } = evidence;
  const winner = candidates.find(({ name }) => name === decision.winner) as Candidate;
  return [
    versionsItem(evidence),
    systemItem(evidence),
    bottleneckItem(evidence, winner),
    overlapItem(evidence, winner),
    paddingItem(evidence, winner),
    imageItem(evidence),
    variantItem("HalfPrecision", evidence),
    variantItem("INT8", evidence),
    batchingItem(evidence, winner),
    variantItem("OptimizedEngine", evidence),
    variantItem("DistilledModel", evidence),
    pinningItem(evidence, winner),
    bucketingItem(evidence, winner),
  ];
}

function imageItem({ decision }: Evidence): ChecklistItem {
  const topic = "ImageDecoding";
  if (decision.plan.pipeline?.image !== undefined) {
    return notTried(topic, "The server decodes images itself; no other decoder was measured against it.");
  }
  return notApplicable(
    topic,
    "The server takes tensors: whoever sends them decodes images, outside of what was measured.",
  );
}
