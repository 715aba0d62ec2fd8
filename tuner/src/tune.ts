import type { TuningReport } from "@sweetspot/crds";
import { median, policiesFor } from "@sweetspot/planner";
import { usableCpuCount } from "@sweetspot/sidecar";
import { Budget } from "./budget.ts";
import { endedEarly } from "./decision/findings.ts";
import { describeEnvironment } from "./environment/describe.ts";
import { noiseFactorOf, noiseOf } from "./environment/noise.ts";
import { realInstruments } from "./instruments.ts";
import { openSingleEngine } from "./measure/single-engine.ts";
import { timeBatches } from "./measure/time-batches.ts";
import { openOutputDirectory, writeDocument } from "./output-directory.ts";
import { conclude } from "./stages/conclude.ts";
import { confirm } from "./stages/confirm.ts";
import { findBest } from "./stages/find-best.ts";
import { makeVariants } from "./stages/make-variants.ts";
import { openModel } from "./stages/open-model.ts";
import type { ProgressEvent, TuneRequest } from "./tune-request.ts";
import { type OpenedModel, sayTo, type TuningState } from "./tuning-state.ts";

/** What a tuning needs from its surroundings. */
export interface TuneHooks {
  /** Ends the tuning early and keeps the best so far. */
  readonly signal: AbortSignal;
  readonly progress: (event: ProgressEvent) => void;
}

/**
 * Finds the best way to serve a model on this machine: variants, quality gate, cost tables, plan search by simulation,
 * a race through the real server, decision. Writes `report.json`, `plan.json` and the variants into the output folder.
 *
 * When the signal fires, or a stage fails after something was learnt, the report says what stood until then and
 * `completed` is false. Throws only when there is nothing to decide on: a model, samples or folder that cannot be used,
 * or a signal that came before anything was found out.
 */
export async function tune(
  request: TuneRequest,
  { signal, progress }: TuneHooks,
): Promise<{ report: TuningReport; directory: string }> {
  await openOutputDirectory(request.outputDirectory);
  const state = await openTuning(request, { signal, progress });
  signal.throwIfAborted();
  const completed = await untilStopped(state);
  const report = conclude(state, completed);
  await writeDocument(request.outputDirectory, "plan.json", report.decision.plan);
  await writeDocument(request.outputDirectory, "report.json", report);
  state.say("Decision", report.decision.reason, report.decision.summary);
  return { report, directory: request.outputDirectory };
}

/** Opens the model and looks at the machine: all that is known before a variant is made or a table measured. */
export async function openTuning(request: TuneRequest, { signal, progress }: TuneHooks): Promise<TuningState> {
  const startedAt = new Date();
  const budget = new Budget(request.budgetSeconds, realInstruments.now);
  const say = sayTo(progress, budget);
  say("Environment", "Looking at the machine and the model");
  const cpus = usableCpuCount();
  const [model, environment] = await Promise.all([openModel(request, cpus), describeEnvironment()]);
  const times = await timeReference(model);
  return {
    request,
    budget,
    signal,
    startedAt,
    environment: { ...environment, noise: noiseOf(times), noiseFactor: noiseFactorOf(times) },
    cpus,
    instruments: realInstruments,
    policies: policiesFor(request.target, model.signature.batchable),
    pinnings: [true, false],
    model,
    variants: [],
    eligible: [],
    tables: [],
    referenceMicroseconds: median(times),
    candidates: [],
    confirmation: null,
    pinningTrial: null,
    findings: [],
    say,
  };
}

/** A/A test: the same request to the same engine, again and again. Times in microseconds. */
async function timeReference({ source, samples, outputs }: OpenedModel): Promise<number[]> {
  const pool = await openSingleEngine(source.file);
  const byLength = samples.samples.toSorted((a, b) => a.length - b.length);
  const inputs = byLength[Math.floor(byLength.length / 2)]?.inputs ?? [];
  try {
    return (await timeBatches(pool, inputs, outputs, { minimumRuns: 20, milliseconds: 400 })).engine;
  } finally {
    await pool.close();
  }
}

/** Runs the stages; false when the user stopped them, or one failed after there was something to decide on. */
async function untilStopped(state: TuningState): Promise<boolean> {
  try {
    await runStages(state);
    return !state.signal.aborted;
  } catch (error) {
    if (state.signal.aborted) return false;
    if (state.candidates.length === 0) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    const message = `${endedEarly}, and the decision is the best so far: ${reason}`.slice(0, 1024);
    state.findings.push({ topic: "Budget", outcome: "Warning", message });
    return false;
  }
}

async function runStages(state: TuningState): Promise<void> {
  await makeVariants(state);
  await findBest(state, async ({ winner }, entrant, load) => {
    state.confirmation = await confirm(state, winner, entrant, load);
  });
}
