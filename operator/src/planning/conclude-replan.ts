import type { ServingPlan } from "@sweetspot/crds";
import { roundFigure } from "../figures.ts";
import {
  introduce,
  longestMessage,
  type Moment,
  type NewRevision,
  promote,
} from "../inference-deployment/loop/revisions.ts";
import type { StoredHistory } from "../inference-deployment/loop/stored-history.ts";
import { fitsAnnotation } from "../inference-deployment/loop/trial.ts";
import type { ReplanAnswer } from "./replan-question.ts";

/** The history in which the search for a plan is over, with what was found. `before`: the plan that serves. Pure. */
export function concludeReplan(
  { history, plans }: StoredHistory,
  answer: ReplanAnswer,
  before: ServingPlan,
  moment: Moment,
): StoredHistory {
  const over = { ...history, work: null, lastResult: inWords(answer).slice(0, longestMessage) };
  if (answer.kind !== "Found" || answer.plan.revision === before.revision) return { history: over, plans };
  const { plan, summary, capacityRequestsPerSecond } = answer;
  const serving = history.revisions.find(({ name }) => name === history.serving);
  const revision: NewRevision = {
    name: plan.revision,
    origin: "Replan",
    run: serving?.run ?? history.answer,
    message: over.lastResult,
    summary,
    capacityRequestsPerSecond,
  };
  // Requests would hardly notice a corrected table alone: there is nothing to compare.
  const next = answer.sameSettings
    ? promote(over, revision, moment)
    : introduce(over, revision, moment, fitsAnnotation(plan));
  return { history: next, plans: new Map([...plans, [plan.revision, plan]]) };
}

function inWords(answer: ReplanAnswer): string {
  switch (answer.kind) {
    case "Found": {
      const { summary, capacityRequestsPerSecond: capacity, capacityBefore, sameSettings } = answer;
      if (sameSettings) return "The plan stays, with its cost table corrected to the speed of now.";
      const before = capacityBefore === null ? "" : ` instead of ${roundFigure(capacityBefore)}`;
      return `For the traffic of now ${summary} should carry ${roundFigure(capacity)} requests/s${before}.`;
    }
    case "Stays":
      return "The plan that serves is the best in the tables for the traffic of now.";
    case "TriedBefore":
      return `The best plan for the traffic of now, ${answer.summary}, was tried before and was not better.`;
    case "Impossible":
      return `No plan could be looked for: ${answer.problem.replace(/\.+$/, "")}.`;
  }
}
