import { spawn } from "node:child_process";
import { CostTable, type PlanRevision, type ServingPlan } from "@sweetspot/crds";
import { CostModel } from "@sweetspot/planner";
import { LoopPlace } from "./control-loop/loop-place.ts";
import { ServedTarget } from "./control-loop/served-target.ts";
import { causesOf, type SeenCause, watchCauses } from "./control-loop/watch-causes.ts";
import { workingRows } from "./control-loop-4.ts";
import type { Measure, Progress, ProofOutcome } from "./proof.ts";

const latencyMilliseconds = 100;
/** So little that half the speed still carries it: what is shown is that it is noticed. */
const load = 0.35;
const watchSeconds = 240;
/** Costs are medians over two minutes. */
const soonSeconds = 180;
/** It has to last for a while before anything is done; the search takes seconds. */
const atOnceSeconds = 60;
/** What a table is corrected for, and less than a burner does. */
const slowdown = 1.1;

/** On a cluster, a process that has no pod takes half of the CPU on which the only server is pinned. */
export async function proveNoisyNeighbour(progress: Progress): Promise<ProofOutcome> {
  await using place = await LoopPlace.start("proof-loop-2", progress);
  const image = await place.bring(workingRows);
  const served = await ServedTarget.apply(place, { name: "worker", image, latencyMilliseconds });
  return await showNoisyNeighbour(served, progress);
}

export async function showNoisyNeighbour(served: ServedTarget, progress: Progress): Promise<ProofOutcome> {
  const { capacityRequestsPerSecond: capacity = 0 } = await served.tuned();
  const [length] = workingRows.lengths;
  const traffic = await served.load(load * capacity, workingRows.lengths);
  progress(`${(load * capacity).toFixed(0)} requests/s until the baseline is taken`);
  await served.baselined();
  const before = await served.plan();
  const runs = await served.runs();
  const cpu = (await served.report()).cpuPlacement?.cpuset ?? "0";
  progress(`a burner starts on CPU ${cpu}`);
  const burner = spawn("taskset", ["--cpu-list", cpu, process.execPath, "-e", "for(;;);"]);
  try {
    const seen = await watchCauses(served, watchSeconds, async () => (await replanOf(served)) !== undefined);
    const named = seen.find(({ diagnosis }) => ["CostDrift", "NoisyNode"].includes(diagnosis.cause));
    const revision = await replanOf(served);
    const after = revision && (await served.plans.plan(revision.name));
    const { costRatio } = await served.report();
    const stage = await traffic.stop();
    const speed = (plan: ServingPlan) =>
      CostModel.fromTable(CostTable.parse(plan.costTable)).batchMicroseconds(1, length);
    const slower = after === undefined ? Number.NaN : speed(after) / speed(before);
    progress(`a row takes ${slower.toFixed(2)} times as long by the table of ${revision?.summary ?? "no plan"}`);
    const measures: Measure[] = [
      {
        name: "CostDrift or NoisyNode named after",
        figure: named?.seconds ?? Number.NaN,
        atMost: soonSeconds,
        unit: "s",
      },
      { name: "times called Load", figure: causesOf(seen).filter((cause) => cause === "Load").length, atMost: 0 },
      { name: "a new plan after", figure: secondsBetween(named, revision), atMost: atOnceSeconds, unit: "s" },
      { name: "time of a row in the new plan's table / in the measured one", figure: slower, atLeast: slowdown },
      { name: "TuningRuns made", figure: (await served.runs()) - runs, atMost: 0 },
      { name: "answers that failed", figure: stage.counts.failed, atMost: 0 },
    ];
    return { measures, raw: { capacity, seen, revision, before, after, costRatio, stage } };
  } finally {
    burner.kill("SIGKILL");
  }
}

/** The plan of the loop's own search: it serves, or is tried beside the one that does. */
const replanOf = async (served: ServedTarget): Promise<PlanRevision | undefined> =>
  (await served.history()).revisions.findLast(({ origin }) => origin === "Replan");

/** From the moment at which the cause was first named. */
const secondsBetween = (named: SeenCause | undefined, revision: PlanRevision | undefined): number =>
  named === undefined || revision === undefined
    ? Number.NaN
    : (Date.parse(revision.since) - Date.parse(named.diagnosis.since)) / 1000;
