import { ServiceLevelReport } from "@sweetspot/crds";
import { askPod } from "./ask-pod.ts";

/** What a serving pod says of itself, or why it says nothing. */
export type PodReport = { readonly report: ServiceLevelReport } | { readonly problem: string };

/** Asks a pod for its report, as `askPod` does. Never throws. */
export async function fetchReport(address: string): Promise<PodReport> {
  try {
    const report = await askPod(address, "/v2/sweetspot/report", ServiceLevelReport, "The report of a pod");
    return { report };
  } catch (error) {
    return { problem: (error as Error).message.slice(0, 200) };
  }
}
