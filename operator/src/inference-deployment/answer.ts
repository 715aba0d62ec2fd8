import { parseDocument, ServingPlan, type TuningRunResult, TuningRunSpec } from "@sweetspot/crds";
import { parsedOnce } from "../parsed-once.ts";
import type { ConfigMap, StoredTuningRun } from "../resources.ts";
import { shortDigest } from "../specs/names.ts";
import { podPlan } from "../specs/pod-plan.ts";
import { type Question, questionOfRun, stillServes } from "../specs/tuning-question.ts";
import { reportKeys } from "../tuning-run/store-result.ts";
import type { ObservedTarget } from "./observed.ts";

/** A measured way to serve a target. */
export interface Answer {
  readonly run: StoredTuningRun;
  readonly result: TuningRunResult;
  /** As the pods of the target run it. */
  readonly plan: ServingPlan;
  /** Base64 of the gzip of the variant's recipe; undefined for the source. */
  readonly recipe: string | undefined;
  /** It answers the question as the spec asks it now, not an older one. */
  readonly current: boolean;
}

/** The answer that the target should be served with: the one to the present question, else the latest that still fits. */
export const answerFor = (question: Question, target: ObservedTarget): Answer | null =>
  answersFor(question, target)[0] ?? null;

/** All answers that still say how to serve the target, best first. */
export const answersFor = (question: Question, { runs, results }: Pick<ObservedTarget, "runs" | "results">): Answer[] =>
  runs
    .map((run) => answerOf(question, run, results.get(run.metadata.name)))
    .filter((answer) => answer !== null)
    .sort(
      (a, b) =>
        Number(b.current) - Number(a.current) ||
        finishedAt(b).localeCompare(finishedAt(a)) ||
        attemptOf(b) - attemptOf(a),
    );

const finishedAt = ({ run }: Answer): string => run.status?.finishedAt ?? "";

/** Two may finish within the second that a time in Kubernetes has. */
const attemptOf = ({ run }: Answer): number => run.spec.attempt ?? 1;

function answerOf(question: Question, run: StoredTuningRun, stored: ConfigMap | undefined): Answer | null {
  const result = run.status?.result;
  if (result === undefined) return null;
  const asked = askedBy(run);
  const plan = stored === undefined ? null : planIn(stored);
  if (asked === null || plan === null) return null;
  if (!stillServes(asked, question)) return null;
  return {
    run,
    result,
    plan: podPlan(plan, run.metadata.name, question.modelName, question.model),
    recipe: stored?.binaryData?.[reportKeys.recipe],
    current: sameQuestion(asked, question),
  };
}

/** What a run asks; null where it cannot be read. */
export const askedBy = parsedOnce(({ spec }: StoredTuningRun): Question | null => {
  const { success, data } = TuningRunSpec.safeParse(spec);
  return success ? questionOfRun(data) : null;
});

const planIn = parsedOnce(({ data }: ConfigMap): ServingPlan | null =>
  safely(() => parseDocument(ServingPlan, data?.[reportKeys.plan] ?? "", "The stored plan")),
);

const digestOnce = parsedOnce(shortDigest);

export const sameQuestion = (a: Question, b: Question): boolean => digestOnce(a) === digestOnce(b);

function safely<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}
