import { type Finding, sayFor } from "../conditions.ts";
import { roundFigure } from "../figures.ts";
import { resourcesOf } from "../policies/in-words.ts";
import type { Answer } from "./answer.ts";
import type { Observed } from "./observed.ts";
import type { TargetState } from "./target-state.ts";
import { type Attempt, waitsForRoom } from "./tuning.ts";

const say = sayFor("InferenceDeployment");

/** `Tuned` of one target: was it measured as the spec asks now? */
export function tuned({ spec }: Observed, state: TargetState, model: Finding): Finding {
  const { answer, attempt } = state;
  if (answer?.current) return answered(state, answer);
  if (spec.tuning.mode === "Disabled") return say("Tuned", "Disabled", {});
  if (attempt === null || model.status === "False") return say("Tuned", "WaitingForModel", {});
  return unfinished(state, attempt);
}

function answered({ target, question }: TargetState, { result }: Answer): Finding {
  const { latencyMilliseconds: milliseconds, percentile } = question.serviceLevel;
  if (result.feasible) return say("Tuned", "Tuned", { summary: `${target.name}: ${result.winner}. ${result.reason}` });
  const best = roundFigure(result.bestReachableMilliseconds);
  return say("Tuned", "Infeasible", { target: target.name, milliseconds, percentile, best, winner: result.winner });
}

/** Reasons of a failed run that `Tuned` takes over; the others are about the model. */
const ownFailures = new Set(["TuningFailed", "ReportInvalid", "NoMatchingNode", "JobKilled", "DeadlineExceeded"]);

function unfinished(state: TargetState, attempt: Attempt): Finding {
  const { target, observed, yielding } = state;
  if (attempt.state === "Running")
    return say("Tuned", "Tuning", { target: target.name, run: attempt.run.metadata.name });
  if (attempt.state === "Failed") {
    const reason = ownFailures.has(attempt.reason) ? attempt.reason : "TuningFailed";
    return { type: "Tuned", status: "False", reason, message: attempt.message };
  }
  if (attempt.state === "Answered") {
    return say("Tuned", "ReportInvalid", { job: attempt.run.metadata.name, detail: "its stored plan is gone." });
  }
  if (!waitsForRoom(attempt)) return say("Tuned", "Tuning", { target: target.name, run: attempt.run.metadata.name });
  if (yielding || observed.pods.length > 0) {
    const who = yielding ? "the Job" : "the server";
    return say("Tuned", "WaitingForServer", { target: target.name, who });
  }
  const resources = resourcesOf(target.resources);
  return say("Tuned", "WaitingForCapacity", { target: target.name, detail: whatIsMissing(attempt), resources });
}

/** The scheduler's words within the run's own sentence, which says who waits and what to do. */
const whatIsMissing = ({ message }: Attempt): string =>
  /\d+\/\d+ nodes are available.*?(?=\. Free )/s.exec(message)?.[0] ?? message;
