import type { RetuningAction, RetuningWork, ScalingReason, TargetDiagnosis } from "@sweetspot/crds";
import type { Diagnosis, Remedy } from "../../policies/diagnosis/observation.ts";
import type { RetuningDecision } from "../../policies/retuning.ts";
import { iso } from "./revisions.ts";

/** What there is to say of a cause. */
export interface DiagnosisWords {
  readonly cause: Diagnosis;
  readonly decision: RetuningDecision;
  /** What was decided before and is not done yet. */
  readonly work: RetuningWork | null;
  /** A plan for this is tried beside the one that serves. */
  readonly trying: boolean;
  /** What came of the last work; empty where nothing did. */
  readonly lastResult: string;
  /** How the replicas follow the load by themselves; null where they do not. */
  readonly scaling: ScalingReason | null;
  readonly now: number;
}

interface Response extends Pick<TargetDiagnosis, "response" | "action" | "until"> {
  /** What is done, without figures that change from look to look. */
  readonly tail: string;
}

/**
 * The diagnosis as status shows it. It stays as it was written while cause and response do, so that the figures of steady
 * trouble are not written every few seconds.
 */
export function diagnosisStatus(words: DiagnosisWords, previous: TargetDiagnosis | undefined): TargetDiagnosis {
  const { cause, now } = words;
  const { tail, ...response } = responseTo(words);
  const known = previous?.cause === cause.cause ? previous : undefined;
  const same =
    known?.response === response.response &&
    known.action === response.action &&
    known.until === response.until &&
    known.message.endsWith(tail);
  if (same) return known;
  return {
    cause: cause.cause,
    since: known?.since ?? iso(now),
    message: `${cause.sentence} ${tail}`.slice(0, 1024),
    evidence: Object.entries(cause.evidence).map(([name, value]) => ({ name, value: rounded(value) })),
    ...response,
  };
}

const rounded = (value: number): number => (Number.isFinite(value) ? Number(value.toPrecision(3)) : 0);

function responseTo({ cause, decision, work, trying, lastResult, scaling }: DiagnosisWords): Response {
  if (work !== null) return { response: "Acting", action: work.kind, tail: doing[work.kind] };
  if (trying && decision.kind === "Hold")
    return { response: "Acting", tail: "A new plan is tried beside the one that serves." };
  if (cause.remedy.kind === "Scale" && scaling !== null && !isSettling(decision)) return scaled[scaling];
  switch (decision.kind) {
    case "Act":
      return { response: "Acting", action: decision.action, tail: doing[decision.action] };
    case "Tell":
      return decision.action === null
        ? { response: "Advised", tail: adviceOn(cause.remedy) }
        : { response: "Recommended", action: decision.action, tail: would[decision.action] };
    case "Hold":
      return holding(decision, lastResult);
  }
}

/** Whatever spec.retuning says of plans: the replicas have a field of their own. */
const scaled: Readonly<Record<ScalingReason, Response>> = {
  FollowsLoad: { response: "Acting", tail: "spec.autoscaling raises the replicas: another plan would not help." },
  AtMaximum: {
    response: "Advised",
    tail: "Raise spec.autoscaling.maxReplicas: the replicas are at their most, and another plan would not help.",
  },
  CapacityUnknown: { response: "Waiting", tail: "spec.autoscaling waits for the capacity of all targets." },
  NoReports: { response: "Waiting", tail: "spec.autoscaling waits for the reports of the pods." },
};

const isSettling = (decision: RetuningDecision): boolean => decision.kind === "Hold" && decision.reason === "Settling";

const doing: Readonly<Record<RetuningAction, string>> = {
  RollBack: "The plan before it serves again.",
  Replan: "A plan for this is looked for in the tables that were measured.",
  Benchmark: "The target's nodes are measured again.",
};

const would: Readonly<Record<RetuningAction, string>> = {
  RollBack: "With retuning.mode Automatic the plan before it would serve again.",
  Replan: "With retuning.mode Automatic a new plan would be looked for in the tables that were measured.",
  Benchmark: "With retuning.mode Automatic the target's nodes would be measured again.",
};

function adviceOn(remedy: Remedy): string {
  switch (remedy.kind) {
    case "Scale":
      return `Raise spec.replicas to ${remedy.replicas}, or let an autoscaler do it: another plan would not help.`;
    case "Move":
      return "Find out what runs on these nodes besides, or keep the pods away from them.";
    case "Advise":
    case "RollBack":
    case "Replan":
    case "Benchmark":
      return "Nothing that the operator could do would help.";
  }
}

function holding({ reason, until }: Extract<RetuningDecision, { kind: "Hold" }>, lastResult: string): Response {
  const waiting = (tail: string): Response => ({
    response: "Waiting",
    tail,
    ...(until === null ? {} : { until: iso(until) }),
  });
  switch (reason) {
    case "Off":
      return { response: "Disabled", tail: "Nothing is done: retuning is off, or the plan is pinned." };
    case "NothingToDo":
    case "Settling":
      return { ...waiting("Something is done when it lasts."), response: "Settling" };
    case "CoolDown":
      return waiting(`${lastResult} Nothing more is done before the cool-down is over.`.trim());
    case "BudgetSpent":
      return waiting(`${lastResult} The day's budget in spec.retuning is spent.`.trim());
    case "JobsAtTheirLimit":
      return waiting("A measurement waits until other tuning Jobs are done.");
    case "AlreadyRolledBack":
      return waiting("This plan was rolled back to before; going back and forth would not help.");
  }
}
