import { safeRevision } from "@sweetspot/crds";
import type { AnnotatePodAction } from "../actions/action.ts";
import type { Pod } from "../resources.ts";
import { annotationKeys } from "../specs/names.ts";
import { trialFor } from "./loop/trial.ts";
import { nonce, nonceOf, remindersDue } from "./rollout.ts";
import type { TargetState } from "./target-state.ts";

/** What has to be said to a pod so that it tries the candidate, or stops trying; null when nothing is to be said. */
export function tellTrial(
  pod: Pod,
  { candidate, stored, ready, observed, plans }: TargetState,
  now: number,
): AnnotatePodAction | null {
  const trial = stored?.history.trial ?? null;
  const present = pod.metadata.annotations?.[annotationKeys.trial];
  const safe = plans.some((one) => one.pod === pod && one.plan === safeRevision);
  const tries = !safe && candidate !== null && trial !== null && (present !== undefined || ready.includes(pod));
  if (!tries) return present === undefined ? null : annotate(pod, { [annotationKeys.trial]: null });
  const wanted = JSON.stringify(trialFor(pod, trial, candidate.plan));
  if (present !== wanted) return annotate(pod, { [annotationKeys.trial]: wanted });
  const answer = observed.reports.get(pod.metadata.uid ?? "");
  const taken = answer === undefined || "problem" in answer || answer.report.trial?.id === trial.id;
  return taken ? null : reminder(pod, Date.parse(trial.since), now);
}

/** A kubelet that raced a stale cache looks again when another annotation changes. */
function reminder(pod: Pod, since: number, now: number): AnnotatePodAction | null {
  const due = remindersDue(Math.max(0, now - since));
  const told = nonceOf(pod);
  if (due === 0 || (told?.first === since && told.repeats >= due)) return null;
  return annotate(pod, { [annotationKeys.nonce]: nonce(since, due) });
}

const annotate = (pod: Pod, annotations: AnnotatePodAction["annotations"]): AnnotatePodAction => ({
  kind: "AnnotatePod",
  pod,
  annotations,
});

/** What is said to one pod is said at once, so that a candidate becomes the plan while its engines still run. */
export function inOnePatch(actions: readonly AnnotatePodAction[]): AnnotatePodAction[] {
  const byPod = new Map<Pod, AnnotatePodAction>();
  for (const action of actions) {
    const annotations = { ...byPod.get(action.pod)?.annotations, ...action.annotations };
    byPod.set(action.pod, { ...action, annotations });
  }
  return [...byPod.values()];
}
