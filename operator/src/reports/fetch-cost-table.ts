import { CostTable } from "@sweetspot/crds";
import { askPod } from "./ask-pod.ts";

/** The cost table of a pod's plan as it is fitted there to what is observed; null where it cannot be had. Never throws. */
export async function fetchCostTable(address: string): Promise<CostTable | null> {
  try {
    return await askPod(address, "/v2/sweetspot/cost-table", CostTable, "The cost table of a pod");
  } catch {
    return null;
  }
}
