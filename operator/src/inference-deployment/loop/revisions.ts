import { apiVersion, type PlanHistory, type PlanRevision, type TrafficSnapshot } from "@sweetspot/crds";
import { initialRetuning } from "../../policies/retuning.ts";
import { shortDigest } from "../../specs/names.ts";
import type { Answer } from "../answer.ts";
import type { StoredHistory } from "./stored-history.ts";
import { fitsAnnotation } from "./trial.ts";

/** What is known at the moment at which a plan takes the place of another. */
export interface Moment {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly traffic: TrafficSnapshot;
  /** Share of bad requests in the last minutes; null without traffic. */
  readonly shareBefore: number | null;
  /** Pods can try a plan beside the one that serves. */
  readonly canTry: boolean;
}

/** What is known of a plan before it serves. */
export type NewRevision = Pick<
  PlanRevision,
  "name" | "origin" | "run" | "message" | "summary" | "capacityRequestsPerSecond"
>;

const mostRevisions = 8;
export const longestMessage = 512;

/** The history in which the answer of a tuning is taken up: the same one where it is already. */
export function takeUp(
  stored: StoredHistory | null,
  { run, result, plan }: Answer,
  generation: number,
  moment: Moment,
): StoredHistory {
  const { name } = run.metadata;
  if (stored?.history.answer === name) return stored;
  const revision: NewRevision = {
    name,
    origin: "Tuning",
    run: name,
    message: result.reason,
    summary: result.winner,
    capacityRequestsPerSecond: result.capacityRequestsPerSecond,
  };
  const fits = fitsAnnotation(plan);
  if (stored === null) return { history: firstHistory(revision, generation, moment), plans: new Map() };
  const { work, ...history } = introduce(stored.history, revision, moment, fits);
  const rest = work?.kind === "Benchmark" ? null : work;
  return { ...stored, history: { ...history, work: rest, answer: name } };
}

const firstHistory = (revision: NewRevision, generation: number, moment: Moment): PlanHistory => ({
  apiVersion,
  kind: "PlanHistory",
  answer: revision.run,
  serving: revision.name,
  revisions: [serving(revision, null, moment)],
  baseline: { complete: false, traffic: withoutCosts(moment.traffic) },
  retuning: initialRetuning(generation),
  trial: null,
  work: null,
  lastResult: "",
  obeyed: { retune: "", rollback: "", promote: "" },
});

/** A new plan is tried beside the one that serves, where that can be done; else it takes its place. */
export function introduce(history: PlanHistory, revision: NewRevision, moment: Moment, fits: boolean): PlanHistory {
  if (!moment.canTry || !fits || revision.name === history.serving) return promote(history, revision, moment);
  const since = iso(moment.now);
  const others = withoutTrial(history, `${revision.name} is tried instead.`, moment).revisions;
  const trying: PlanRevision = { ...serving(revision, history.serving, moment), outcome: "Trying" };
  return {
    ...history,
    revisions: within([...others.filter(({ name }) => name !== revision.name), trying], history.serving),
    trial: { id: `trial-${shortDigest({ name: revision.name, since })}`, revision: revision.name, since },
  };
}

/** The plan that is tried, if any, is refused. */
export function withoutTrial(history: PlanHistory, message: string, { now }: Moment): PlanHistory {
  if (history.trial === null) return history;
  const revisions = history.revisions.map(
    (one): PlanRevision =>
      one.outcome === "Trying"
        ? { ...one, outcome: "Refused", since: iso(now), message: message.slice(0, longestMessage) }
        : one,
  );
  return { ...history, revisions, trial: null };
}

const serving = (revision: NewRevision, previous: string | null, { now, shareBefore }: Moment): PlanRevision => ({
  ...revision,
  message: revision.message.slice(0, longestMessage),
  outcome: "Serving",
  since: iso(now),
  previous,
  shareBefore,
});

/** A plan takes the place of the one that serves. */
export function promote(history: PlanHistory, revision: NewRevision, moment: Moment): PlanHistory {
  const others = history.revisions
    .filter(({ name }) => name !== revision.name)
    .map((one) =>
      one.outcome === "Serving"
        ? {
            ...one,
            outcome: "Superseded" as const,
            since: iso(moment.now),
            message: `${revision.name} took its place.`,
          }
        : one,
    );
  return {
    ...history,
    trial: null,
    serving: revision.name,
    revisions: within([...others, serving(revision, history.serving, moment)], history.serving),
    baseline: { complete: false, traffic: withoutCosts(moment.traffic) },
  };
}

/** The plan that serves is taken back, and an earlier one serves again. */
export function goBack(before: PlanHistory, to: string, reason: string, moment: Moment): PlanHistory {
  const { now, shareBefore } = moment;
  const history = withoutTrial(before, "The plan that it was tried beside was taken back.", moment);
  const revisions = history.revisions.map((one): PlanRevision => {
    if (one.name === to) {
      const message = `It serves again: ${history.serving} was taken back.`;
      return { ...one, outcome: "Serving", since: iso(now), message, shareBefore };
    }
    if (one.name !== history.serving) return one;
    return { ...one, outcome: "RolledBack", since: iso(now), message: reason.slice(0, longestMessage) };
  });
  return { ...history, serving: to, revisions, baseline: { complete: false, traffic: withoutCosts(moment.traffic) } };
}

/** The oldest go first, but for the one that may be gone back to. */
function within(revisions: readonly PlanRevision[], previous: string): PlanRevision[] {
  const dropped = new Set(
    revisions.filter(({ name }) => name !== previous).slice(0, Math.max(0, revisions.length - mostRevisions)),
  );
  return revisions.filter((one) => !dropped.has(one));
}

/** What engines and stages took was the work of the plan before. */
const withoutCosts = (traffic: TrafficSnapshot): TrafficSnapshot => ({
  ...traffic,
  costRatio: null,
  nodes: [],
  stages: null,
});

export const iso = (milliseconds: number): string => new Date(milliseconds).toISOString();
