import { modelSourceOf } from "@sweetspot/crds";
import { type Finding, sayFor } from "../conditions.ts";
import { missingClaim, type PodProblem } from "../pods/pod-state.ts";
import type { Observed } from "./observed.ts";
import type { TargetState } from "./target-state.ts";

const say = sayFor("InferenceDeployment");

/** The command's exit code for a model that cannot be used. */
const badModelExitCode = 3;

/** `ModelResolved`, from what the pods of one target have seen of the model. */
export function modelResolved({ spec }: Observed, state: TargetState): Finding {
  const { uri, file } = spec.model;
  const source = modelSourceOf(uri);
  if (source.kind === "Unsupported") return say("ModelResolved", "SourceNotSupported", { scheme: source.scheme });
  if (state.ready.length > 0) return say("ModelResolved", "Resolved", { file, uri });
  const problem = state.problem?.problem;
  const failure = problem === undefined ? null : modelFailure(problem, uri, file);
  if (failure !== null) return failure;
  return state.answer === null
    ? say("ModelResolved", "Resolving", { uri })
    : say("ModelResolved", "Resolved", { file, uri });
}

/** The failure of a pod, where the model is its cause. */
function modelFailure(problem: PodProblem, uri: string, file: string): Finding | null {
  const source = modelSourceOf(uri);
  if (problem.kind === "ImageCannotBePulled" && source.kind === "Image" && problem.detail.includes(source.reference)) {
    return say("ModelResolved", "ImageCannotBePulled", { image: source.reference, detail: problem.detail });
  }
  if (source.kind === "Claim" && missingClaim(problem) === source.claim) {
    return say("ModelResolved", "ClaimNotFound", { claim: source.claim });
  }
  if (problem.kind !== "CannotFetch" && (problem.kind !== "Crashed" || problem.exitCode !== badModelExitCode))
    return null;
  const mismatch = /digest (sha256:[0-9a-f]{64}), not (sha256:[0-9a-f]{64})/.exec(problem.detail);
  if (mismatch !== null) {
    const [, found = "", wanted = ""] = mismatch;
    return say("ModelResolved", "DigestMismatch", { file, found, wanted });
  }
  return problem.kind === "CannotFetch"
    ? say("ModelResolved", "SourceCannotBeFetched", { detail: problem.detail })
    : say("ModelResolved", "ModelFileBroken", { file, detail: problem.detail });
}
