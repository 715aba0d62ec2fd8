import { type Finding, sayFor } from "../conditions.ts";
import type { TargetState } from "./target-state.ts";

const say = sayFor("InferenceDeployment");

/** A pod takes a plan within two seconds or so; after this it is worth a word. */
const worthAWordMilliseconds = 10_000;

/** `ConfigurationApplied` of one target: what its pods themselves report. */
export function configurationApplied({ serving, plans, replicas }: TargetState): Finding {
  if (serving === null) return say("ConfigurationApplied", "SafePlan", {});
  const { revision } = serving.plan;
  const applied = plans.filter(({ state }) => state.kind === "Applied").length;
  for (const { pod, state } of plans) {
    if (state.kind === "Refused") {
      const { running, detail } = state;
      return say("ConfigurationApplied", "PlanRefused", { pod: pod.metadata.name, revision, running, detail });
    }
  }
  const late = plans.find(({ state }) => state.kind === "Waiting" && state.milliseconds >= worthAWordMilliseconds);
  if (late?.state.kind === "Waiting") {
    // Coarse on purpose: a figure that changes every second would be written every second.
    const seconds = 10 ** Math.floor(Math.log10(late.state.milliseconds / 1000));
    return say("ConfigurationApplied", "NotAcknowledged", { pod: late.pod.metadata.name, revision, seconds });
  }
  if (applied < plans.length || plans.length < replicas) {
    return say("ConfigurationApplied", "Applying", { applied, replicas, revision });
  }
  return say("ConfigurationApplied", "Applied", { replicas: applied });
}
