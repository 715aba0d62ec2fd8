import { eventually } from "@sweetspot/test/e2e";
import { LoopPlace } from "./control-loop/loop-place.ts";
import { ServedTarget } from "./control-loop/served-target.ts";
import { causesOf, watchCauses } from "./control-loop/watch-causes.ts";
import { workingRows } from "./control-loop-4.ts";
import type { Measure, Progress, ProofOutcome } from "./proof.ts";

/** The model takes several times as long for one request. */
const tooLittle = 2;
const enough = 100;
const requestsPerSecond = 20;
const watchSeconds = 100;

/** On a cluster, a target that one request alone exceeds, under traffic; then the target is changed to one that can be kept. */
export async function proveInfeasible(progress: Progress): Promise<ProofOutcome> {
  await using place = await LoopPlace.start("proof-loop-5", progress);
  const image = await place.bring(workingRows);
  const served = await ServedTarget.apply(place, { name: "hasty", image, latencyMilliseconds: tooLittle });
  return await showInfeasible(served, progress);
}

export async function showInfeasible(
  served: ServedTarget,
  progress: Progress,
  seconds = watchSeconds,
): Promise<ProofOutcome> {
  const { bestReachableMilliseconds: best = Number.NaN } = await served.tuned();
  const tuned = await served.condition("Tuned");
  const traffic = await served.load(requestsPerSecond, workingRows.lengths);
  progress(`${requestsPerSecond} requests/s for ${seconds} s: ${tuned.message}`);
  const seen = await watchCauses(served, seconds);
  const met = await served.condition("ServiceLevelMet");
  const [runs, { retuning, revisions }] = [await served.runs(), await served.history()];
  const { latencyMilliseconds: alone } = await served.report();
  const stage = await traffic.stop();
  await served.patchSpec({ serviceLevel: { latencyMilliseconds: enough } });
  progress(`the target becomes ${enough} ms`);
  const feasible = await eventually(
    "it is measured again and can be kept",
    async () => {
      const now = await served.condition("Tuned");
      return now.status === "True" && now.reason !== "Infeasible" ? now : null;
    },
    { seconds: 240, everyMilliseconds: 2000 },
  );
  const after = await served.condition("ServiceLevelMet");
  const causes = causesOf(seen);
  const measures: Measure[] = [
    { name: "Infeasible after tuning", figure: Number(tuned.reason === "Infeasible"), atLeast: 1 },
    {
      name: "Infeasible under traffic",
      figure: Number(met.reason === "Infeasible" && met.message.includes("best reachable")),
      atLeast: 1,
    },
    { name: "other causes", figure: causes.filter((cause) => cause !== "Infeasible").length, atMost: 0 },
    {
      name: "best reachable / median that was measured under traffic",
      figure: best / (alone.p50 ?? Number.NaN),
      atLeast: 0.5,
      atMost: 2,
    },
    { name: "TuningRuns", figure: runs, atMost: 1 },
    { name: "actions of the loop", figure: retuning.records.length + revisions.length - 1, atMost: 0 },
    { name: "TuningRuns after the change", figure: await served.runs(), atLeast: 2, atMost: 2 },
    { name: "Infeasible after the change", figure: Number(after.reason === "Infeasible"), atMost: 0 },
  ];
  return { measures, raw: { best, tuned, met, seen, alone, stage, feasible, after } };
}
