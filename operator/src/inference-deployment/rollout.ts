import { safeRevision } from "@sweetspot/crds";
import type { AnnotatePodAction } from "../actions/action.ts";
import { isReady } from "../pods/pod-state.ts";
import type { Pod } from "../resources.ts";
import { annotationKeys } from "../specs/names.ts";
import { mostPlanBytes } from "../specs/pod-plan.ts";
import type { WantedPlan } from "./kinds.ts";
import type { ObservedTarget } from "./observed.ts";

/** Whether one pod runs the plan that it should. */
export type PodPlanState =
  | { readonly kind: "Applied" }
  | { readonly kind: "Refused"; readonly running: string; readonly detail: string }
  /** It does not answer yet, and reads the plan that it finds when it does. */
  | { readonly kind: "Starting" }
  /** The pod was told, `milliseconds` ago, and has not confirmed it. */
  | { readonly kind: "Waiting"; readonly milliseconds: number };

/** A kubelet that raced a stale cache shows the old files; another change of the pod makes it look again. */
const nonceMilliseconds = 2000;
const longestNonceMilliseconds = 60_000;
/** So many pauses double until they are the longest. */
const doublings = 5;

export function podPlanState(pod: Pod, plan: WantedPlan, target: ObservedTarget, now: number): PodPlanState {
  const answer = target.reports.get(pod.metadata.uid ?? "");
  if (answer !== undefined && "report" in answer) {
    const { planRevision, planError, refusedRevision } = answer.report;
    const wanted = plan === safeRevision ? safeRevision : plan.revision;
    if (planRevision === wanted) return { kind: "Applied" };
    if (planError !== null && refusedRevision === wanted) {
      return { kind: "Refused", running: planRevision, detail: planError };
    }
  }
  if (!isReady(pod) && (answer === undefined || "problem" in answer)) return { kind: "Starting" };
  const told = nonceOf(pod);
  return { kind: "Waiting", milliseconds: told === null ? 0 : Math.max(0, now - told.first) };
}

/** What has to be said to a pod so that it takes the plan; null when nothing is to be said now. */
export function tellPod(pod: Pod, plan: WantedPlan, target: ObservedTarget, now: number): AnnotatePodAction | null {
  const wanted = annotationOf(plan);
  const present = pod.metadata.annotations?.[annotationKeys.plan];
  const state = podPlanState(pod, plan, target, now);
  const differs = present !== (wanted ?? undefined);
  // A new pod starts with the plan of its ConfigMap and needs no annotation to tell it the same, but one to keep it from taking it.
  const untold = present === undefined && plan !== safeRevision;
  if (state.kind === "Applied" && (untold || !differs)) return null;
  if (differs) return annotate(pod, { [annotationKeys.plan]: wanted, [annotationKeys.nonce]: nonce(now, 0) });
  if (state.kind !== "Waiting") return null;
  const told = nonceOf(pod);
  if (told === null) return annotate(pod, { [annotationKeys.nonce]: nonce(now, 0) });
  const due = remindersDue(state.milliseconds);
  return due > told.repeats ? annotate(pod, { [annotationKeys.nonce]: nonce(told.first, due) }) : null;
}

/** Reminders that are due so long after a pod was told: after 2, 6, 14, 30 and 62 s, then every minute. */
export function remindersDue(milliseconds: number): number {
  const doubling = nonceMilliseconds * (2 ** doublings - 1);
  if (milliseconds < doubling) return Math.floor(Math.log2(milliseconds / nonceMilliseconds + 1));
  return doublings + Math.floor((milliseconds - doubling) / longestNonceMilliseconds);
}

/**
 * No measured plan is for the pods now: they go back to what they start with. `onlyOurs` leaves a plan alone that somebody
 * gave the pod by hand: it comes without a nonce.
 */
export function forgetPlan(pod: Pod, onlyOurs: boolean): AnnotatePodAction | null {
  const { annotations = {} } = pod.metadata;
  if (annotations[annotationKeys.plan] === undefined) return null;
  if (onlyOurs && annotations[annotationKeys.nonce] === undefined) return null;
  return annotate(pod, { [annotationKeys.plan]: null, [annotationKeys.nonce]: null });
}

const annotate = (pod: Pod, annotations: AnnotatePodAction["annotations"]): AnnotatePodAction => ({
  kind: "AnnotatePod",
  pod,
  annotations,
});

/** A plan that is too large for an annotation travels in the ConfigMap alone, and the nonce makes the kubelet look. */
function annotationOf(plan: WantedPlan): string | null {
  if (plan === safeRevision) return safeRevision;
  const text = JSON.stringify(plan);
  return Buffer.byteLength(text) <= mostPlanBytes ? text : null;
}

/** `instant/repeats`: when the pod was first told of its plan, and how often the kubelet was reminded since. */
export const nonce = (first: number, repeats: number): string => `${first}/${repeats}`;

export function nonceOf(pod: Pod): { first: number; repeats: number } | null {
  const match = /^(\d{1,16})\/(\d{1,9})$/.exec(pod.metadata.annotations?.[annotationKeys.nonce] ?? "");
  return match === null ? null : { first: Number(match[1]), repeats: Number(match[2]) };
}
