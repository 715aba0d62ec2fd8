import type { ChecklistItem, ChecklistTopic, MeasuredRatio, TuningReport } from "@sweetspot/crds";

/** What the checklist is drawn from: a report as far as it stands. */
export type Evidence = Omit<TuningReport, "checklist">;

const longest = 1024;
const clip = (text: string): string => (text.length > longest ? `${text.slice(0, longest - 1)}…` : text);

const unmeasured =
  (outcome: ChecklistItem["outcome"]) =>
  (topic: ChecklistTopic, message: string): ChecklistItem => ({ topic, outcome, ratio: null, message: clip(message) });

/** Looked at; there is nothing to compare it with. */
export const checked = unmeasured("Checked");
/** The model, the workload or the machine has no use for it. */
export const notApplicable = unmeasured("NotApplicable");
/** It might help, and was not measured. */
export const notTried = unmeasured("NotTried");

/** Measured with and without: it helped or hurt only where the whole interval says so. */
export const measured = (topic: ChecklistTopic, ratio: MeasuredRatio, message: string): ChecklistItem => ({
  topic,
  outcome: ratio.low > 1 ? "Gained" : ratio.high < 1 ? "Lost" : "NoDifference",
  ratio,
  message: clip(message),
});
