import { isAbsolute, relative } from "node:path";
import {
  apiVersion,
  type Candidate,
  type Decision,
  type ServingPlan,
  shareOf,
  type TuningReport,
} from "@sweetspot/crds";
import { latencyAt, poissonArrivals, seededRandom, simulate, withoutBatching } from "@sweetspot/planner";
import { batchGain } from "../checklist/batching-items.ts";
import { checklistOf } from "../checklist/checklist.ts";
import { type Choice, capacityOf, decide, lowestLatency, whyLost } from "../decision/decide.ts";
import { findingsFrom } from "../decision/findings.ts";
import { noiseOf } from "../decision/gain.ts";
import { defaultLayout, shareTable } from "../search/layouts.ts";
import { pointOf, summaryOf } from "../search/points.ts";
import type { LoadableVariant, TuningState } from "../tuning-state.ts";
import { questionDigest } from "./open-model.ts";
import { planFor } from "./plan-for.ts";
import { incumbentName } from "./predict.ts";
import { thinned } from "./thin-shapes.ts";

/** A rate so low that nobody waits. */
const loneRequests = 0.001;

/** Kinds of requests that a report may hold. */
const mostShapes = 256;

/** Draws the report from whatever has been found out. `completed` is false when the tuning was stopped early. */
export function conclude(state: TuningState, completed: boolean): TuningReport {
  const candidates = state.candidates.length > 0 ? state.candidates : [unmeasuredDefault(state)];
  const reachable = bestReachableMilliseconds(state);
  const raced = candidates.some(({ measured }) => measured !== null);
  // What was measured under load has the last word over what the tables say of a lone request.
  const feasible = raced || reachable === null || reachable <= state.request.target.latencyMilliseconds;
  const { winner, reason, gain } = feasible
    ? decide(candidates, state.environment)
    : infeasibleChoice(state, candidates, reachable);
  const report = {
    apiVersion,
    kind: "TuningReport",
    question: state.model.question,
    questionDigest: questionDigest(state.model.question),
    startedAt: state.startedAt.toISOString(),
    finishedAt: new Date(state.startedAt.getTime() + 1000 * state.budget.elapsed()).toISOString(),
    completed,
    environment: state.environment,
    variants: state.variants,
    tables: state.tables,
    referenceMicroseconds: state.referenceMicroseconds,
    candidates: candidates.map((candidate) => ({
      ...candidate,
      lost: candidate.name === winner.name ? null : whyLost(candidate, winner, state.environment),
    })),
    decision: {
      winner: winner.name,
      summary: winner.summary,
      reason,
      feasible,
      bestReachableMilliseconds: reachable ?? 0,
      capacityRequestsPerSecond: feasible ? capacityOf(winner) : 0,
      confirmation: state.confirmation,
      gainOverDefault: gain,
      plan: planOf(state, winner),
    },
    findings: [
      ...state.findings,
      ...findingsFrom({
        candidates,
        variants: state.variants,
        timed: state.tables.map(({ variant }) => variant),
        synthesised: state.model.samples.source === "Synthesised",
        padding: paddingState(state),
        raced,
        batchGain: batchGainOf(state, winner),
        noise: noiseOf(state.environment),
      }),
    ],
    pinningTrial: state.pinningTrial,
    requestShapes: thinned(state.model.shapes, mostShapes),
  } as const satisfies Omit<TuningReport, "checklist">;
  return { ...report, checklist: checklistOf(report) };
}

function batchGainOf({ tables }: TuningState, winner: Candidate): number | null {
  const table = tables.find(({ variant, layout }) => variant === winner.variant && shareTable(layout, winner.layout));
  return table === undefined ? null : batchGain(table.table, winner.batching.maximumBatchMicroseconds);
}

function paddingState({ model }: TuningState): "Granted" | "Refused" | "NotApplicable" {
  if (model.source.padding !== undefined) return "Granted";
  return model.signature.variableAxis === null ? "NotApplicable" : "Refused";
}

function infeasibleChoice({ request }: TuningState, candidates: readonly Candidate[], reachable: number): Choice {
  const { percentile, latencyMilliseconds } = request.target;
  const reason = `The target cannot be met: one request alone already takes ${reachable.toFixed(1)} ms at ${percentile} on this node, the target is ${latencyMilliseconds} ms. The plan is the one with the lowest latency.`;
  return { winner: lowestLatency(candidates) ?? (candidates[0] as Candidate), reason, gain: null };
}

/** Latency at the target's percentile that a lone request gets from the fastest measured table; null without tables. */
export function bestReachableMilliseconds({ tables, request, model }: TuningState): number | null {
  if (tables.length === 0) return null;
  const arrivals = poissonArrivals(2000, model.shapes, seededRandom(request.seed));
  const latencies = tables.map((measured) => {
    // What interrupts the machine now may be gone in a minute: it is no reason to call a target out of reach.
    const { stalls: _, drift: __, ...table } = measured.table;
    const run = simulate(
      pointOf({ ...measured, table }, withoutBatching),
      arrivals,
      loneRequests,
      seededRandom(request.seed),
    );
    return latencyAt(run, shareOf(request.target.percentile)) / 1000;
  });
  return Math.min(...latencies);
}

/** The final plan. A variant inside the results folder is named relative to it, so that the folder can be moved. */
function planOf(state: TuningState, winner: Candidate): Decision["plan"] {
  const variant = state.eligible.find((one) => one.variant === winner.variant) ?? state.model.source;
  const measured = state.tables.find(
    (table) => table.variant === winner.variant && shareTable(table.layout, winner.layout),
  );
  const plan: ServingPlan = planFor(state, {
    revision: winner.name,
    variant: portable(variant, state.request.outputDirectory),
    layout: winner.layout,
    policy: winner.batching,
    table: measured?.table,
  });
  return plan;
}

function portable(variant: LoadableVariant, directory: string): LoadableVariant {
  const inside = relative(directory, variant.file);
  return inside.startsWith("..") || isAbsolute(inside) ? variant : { ...variant, file: inside };
}

/** All that can be said when the tuning was stopped before anything was measured. */
function unmeasuredDefault(state: TuningState): Candidate {
  const layout = defaultLayout(state.cpus);
  return {
    name: incumbentName,
    summary: summaryOf({ variant: "Source", layout, policy: withoutBatching }),
    variant: "Source",
    layout,
    batching: withoutBatching,
    prediction: null,
    role: "Incumbent",
    rounds: [],
    measured: null,
    lost: null,
  };
}
