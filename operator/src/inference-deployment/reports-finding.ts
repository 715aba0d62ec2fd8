import { type Finding, sayFor } from "../conditions.ts";
import type { TargetState } from "./target-state.ts";

const say = sayFor("InferenceDeployment");

/** `ReportsReceived` of one target: do all pods that serve tell of their traffic, and Prometheus, where that counts it? */
export function reportsReceived({ look, target }: TargetState): Finding {
  const silent = look.pods.filter(({ report }) => report === null);
  const [first] = silent;
  if (look.pods.length === 0) return say("ReportsReceived", "NoPods", { target: target.name });
  if (look.countsProblem !== null) return say("ReportsReceived", "PrometheusSilent", { detail: look.countsProblem });
  if (first === undefined) return say("ReportsReceived", "Received", {});
  return say("ReportsReceived", "Missing", { silent: silent.length, pods: look.pods.length, pod: first.pod });
}
