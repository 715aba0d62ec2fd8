import { type PlanSource, type ServingPlan, safeRevision } from "@sweetspot/crds";
import { openArtifact, parsePlan } from "./load-plan.ts";
import type { PlanDirectoryContent } from "./plan-directory.ts";
import { PlanError } from "./plan-error.ts";

/** A plan that may be served. */
export interface PlanAttempt {
  readonly source: PlanSource;
  /** Gives the plan as it is written. Rejects with `PlanError`. */
  readonly read: () => Promise<ServingPlan>;
  /** Makes it ready for this machine: paths absolute, the model file there and the right one. Rejects with `PlanError`. */
  readonly open?: (plan: ServingPlan) => Promise<ServingPlan>;
}

/** A plan that the server was given when it was started, or that is made only where it is needed. */
export const givenPlan = (plan: ServingPlan | (() => Promise<ServingPlan>)): PlanAttempt => ({
  source: "Given",
  read: async () => (typeof plan === "function" ? plan() : plan),
});

/**
 * The plans to try when a server starts, best first: the selected one, the active one, then the one that was given; that alone where
 * the safe plan is selected.
 */
export function startAttempts(
  { selected, active }: Pick<PlanDirectoryContent, "selected" | "active">,
  directory: string,
  given: PlanAttempt | null,
  store: string | null = null,
): PlanAttempt[] {
  if (selected === safeRevision) return [given ?? nothingToServe];
  const attempts = [
    ...(selected === null ? [] : [written("Selected", selected, directory, store)]),
    ...(active === null ? [] : [written("Active", active, directory, store)]),
    ...(given === null ? [] : [given]),
  ];
  return attempts.length === 0 ? [nothingToServe] : attempts;
}

/**
 * The plan to try when the directory changed under a running server: the best one only. Where that is bad the running
 * one is the last good one, and better than whatever comes after.
 */
export const changeAttempts = (...args: Parameters<typeof startAttempts>): PlanAttempt[] =>
  startAttempts(...args).slice(0, 1);

const written = (source: PlanSource, text: string, directory: string, store: string | null): PlanAttempt => ({
  source,
  read: async () => parsePlan(text),
  open: (plan) => openArtifact(plan, directory, store),
});

const nothingToServe: PlanAttempt = {
  source: "Given",
  read: async () => {
    throw new PlanError("The plan directory holds no plan, and there is no model to serve without one.");
  },
};
