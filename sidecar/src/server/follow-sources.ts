import { dirname } from "node:path";
import type { ServingPlan } from "@sweetspot/crds";
import { foundTrial } from "../plan/found-trial.ts";
import { loadPlan } from "../plan/load-plan.ts";
import { changeAttempts, givenPlan, type PlanAttempt, startAttempts } from "../plan/plan-attempt.ts";
import { type PlanDirectoryContent, readPlanDirectory } from "../plan/plan-directory.ts";
import { watchFile } from "../plan/watch.ts";
import { watchPlanDirectory } from "../plan/watch-directory.ts";
import type { LivePlan } from "./live-plan.ts";

/** Where plans come from. */
export interface PlanSources {
  /** What to serve first; a function is called only where the plan directory holds nothing that can be served. */
  readonly plan?: ServingPlan | (() => Promise<ServingPlan>);
  /** Watched where given; what it holds is taken after `plan`, and again whenever it changes. */
  readonly planFile?: string;
  /**
   * Watched where given: the file `selected` goes before `active`, and that before `plan`; `trial` may hold a `PlanTrial`. All
   * files may change together by the swap of a symbolic link, as a kubelet does it.
   */
  readonly planDirectory?: string;
  /** Watched where given: a `PlanTrial`, tried beside the plan while the file holds one. A plan directory has a file of its own. */
  readonly trialFile?: string;
  /** The folder of the artifact store that missing model files of these plans are taken from. */
  readonly artifactStore?: string;
}

/** Serves the best plan that there is, then follows its source. Gives the function that ends following. */
export async function followSources(sources: PlanSources, plans: LivePlan): Promise<() => void> {
  const { plan, planFile, planDirectory, trialFile, artifactStore: store = null } = sources;
  const given = plan === undefined ? null : givenPlan(plan);
  if (planDirectory !== undefined) return followDirectory(planDirectory, given, plans, store);
  await plans.apply(startAttempts({ selected: null, active: null }, "", given));
  const ends: (() => void)[] = [];
  if (planFile !== undefined) {
    const again: PlanAttempt = { source: "Given", read: () => loadPlan(planFile, store) };
    ends.push(watchFile(planFile, { onChange: () => void applyLater(plans, [again]) }));
  }
  if (trialFile !== undefined) {
    const onChange = (text: string) => plans.trial.follow(foundTrial(text, dirname(trialFile), store));
    ends.push(watchFile(trialFile, { onChange, absent: "" }));
  }
  return () => {
    for (const end of ends) end();
  };
}

async function followDirectory(
  directory: string,
  given: PlanAttempt | null,
  plans: LivePlan,
  store: string | null,
): Promise<() => void> {
  const content = await readPlanDirectory(directory);
  await plans.apply(startAttempts(content, directory, given, store));
  plans.trial.follow(foundTrial(content.trial, directory, store));
  let known = content;
  const onChange = async (changed: PlanDirectoryContent) => {
    const { identity, trialIdentity } = known;
    known = changed;
    // A trial that becomes the plan is still loaded when the plan is taken.
    if (changed.identity !== identity) await applyLater(plans, changeAttempts(changed, directory, given, store));
    if (changed.trialIdentity !== trialIdentity) plans.trial.follow(foundTrial(changed.trial, directory, store));
  };
  return watchPlanDirectory(directory, { content, onChange });
}

/** What is wrong with a plan is reported and logged by `LivePlan`. */
const applyLater = (plans: LivePlan, attempts: readonly PlanAttempt[]): Promise<void> =>
  plans.apply(attempts).catch(() => undefined);
