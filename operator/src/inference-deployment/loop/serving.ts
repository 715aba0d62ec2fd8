import type { PlanRevision, ServingPlan, TuningRunResult } from "@sweetspot/crds";
import type { Answer } from "../answer.ts";
import type { StoredHistory } from "./stored-history.ts";

/** The plan that a target's pods should run, with all that they need for it. */
export interface Serving {
  readonly revision: PlanRevision;
  readonly plan: ServingPlan;
  /** Base64 of the gzip of the variant's recipe; undefined for the source. */
  readonly recipe: string | undefined;
  /** Of the run that measured its tables. */
  readonly answer: Answer;
}

/** The revision of that name with its plan; null where it is not known, or what it needs is gone. */
export function revisionNamed(
  name: string | null,
  { history, plans }: StoredHistory,
  answers: readonly Answer[],
): Serving | null {
  const revision = history.revisions.find((one) => one.name === name);
  const answer = answers.find(({ run }) => run.metadata.name === revision?.run);
  if (revision === undefined || answer === undefined) return null;
  const plan = revision.origin === "Tuning" ? answer.plan : plans.get(revision.name);
  return plan === undefined ? null : { revision, plan, recipe: answer.recipe, answer };
}

/** What the run that measured the plan says, with the plan's own figures. */
export const resultOf = ({ revision, answer }: Serving): TuningRunResult => ({
  ...answer.result,
  winner: revision.summary,
  reason: revision.message,
  capacityRequestsPerSecond: revision.capacityRequestsPerSecond,
});
