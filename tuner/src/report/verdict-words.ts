import type { VerdictResult } from "@sweetspot/crds";

/** The verdict on the latency target in words. */
export const verdictWords: Readonly<Record<VerdictResult, string>> = {
  Pass: "target met",
  Fail: "target missed",
  Inconclusive: "inconclusive",
};
