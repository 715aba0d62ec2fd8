import { type Finding, sayFor } from "../conditions.ts";
import type { PodProblem } from "../pods/pod-state.ts";
import type { ObservedTarget } from "./observed.ts";
import type { TargetState } from "./target-state.ts";

const say = sayFor("InferenceDeployment");

/** `Ready` of one target: do its pods answer requests, whether or not in time? */
export function ready(state: TargetState, model: Finding): Finding {
  const { wanted, replicas, target } = state;
  const answering = state.ready.length;
  if (wanted === 0) return say("Ready", "ScaledToZero", {});
  if (answering > 0) return say("Ready", "Serving", { ready: answering, wanted });
  if (model.status === "False") return say("Ready", "ModelNotResolved", {});
  const values = { ready: answering, wanted, target: target.name };
  if (replicas === 0 && !state.yielding) return say("Ready", "WaitingForTuning", {});
  if (state.yielding)
    return say("Ready", "PodsNotReady", { ...values, detail: "its pod makes room for the tuning Job" });
  const problem = state.problem?.problem;
  if (problem !== undefined) return notReady(problem, target.name);
  const refusal = refusalOf(state.observed);
  if (refusal !== null) return say("Ready", "PodsRefused", { target: target.name, detail: refusal });
  return say("Ready", "PodsNotReady", { ...values, detail: "its pods are starting" });
}

/** Why the API server takes no pod of the target, in its own words; null while it does, or has not been asked. */
function refusalOf({ deployment, pods }: ObservedTarget): string | null {
  const failure = deployment?.status?.conditions?.find(({ type }) => type === "ReplicaFailure");
  if (failure?.status !== "True" || pods.length > 0) return null;
  // Each try has a pod of another name.
  return (failure.message ?? "no reason is given").replace(/^pods "[^"]*" is forbidden: /, "");
}

function notReady(problem: PodProblem, target: string): Finding {
  const { detail } = problem;
  switch (problem.kind) {
    case "Unschedulable":
      return say("Ready", "PodsUnschedulable", { target, detail });
    case "ImageCannotBePulled":
      return say("Ready", "ImageCannotBePulled", { image: problem.image, detail });
    case "CannotMount":
    case "CannotFetch":
    case "Crashed":
      return say("Ready", "ModelCannotBeLoaded", { target, detail });
  }
}
