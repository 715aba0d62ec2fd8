import { LoopPlace } from "./control-loop/loop-place.ts";
import { ServedTarget } from "./control-loop/served-target.ts";
import { causesOf, watchCauses } from "./control-loop/watch-causes.ts";
import { workingRows } from "./control-loop-4.ts";
import type { Measure, Progress, ProofOutcome } from "./proof.ts";

const latencyMilliseconds = 100;
const usualLoad = 0.4;
const overload = 2;
const watchSeconds = 100;

/** On a cluster, twice as many requests as the replica was measured to carry, after a minute of usual traffic. */
export async function proveOverloadIsNamed(progress: Progress): Promise<ProofOutcome> {
  await using place = await LoopPlace.start("proof-loop-3", progress);
  const image = await place.bring(workingRows);
  const served = await ServedTarget.apply(place, { name: "worker", image, latencyMilliseconds });
  return await showOverload(served, progress);
}

export async function showOverload(served: ServedTarget, progress: Progress): Promise<ProofOutcome> {
  const { capacityRequestsPerSecond: capacity = 0 } = await served.tuned();
  const runs = await served.runs();
  const before = await served.history();
  const usual = await served.load(usualLoad * capacity, workingRows.lengths);
  progress(`${(usualLoad * capacity).toFixed(0)} requests/s until the baseline is taken`);
  await served.baselined();
  const quiet = await usual.stop();
  progress(`${(overload * capacity).toFixed(0)} requests/s for ${watchSeconds} s`);
  const heavy = await served.load(overload * capacity, workingRows.lengths);
  const seen = await watchCauses(served, watchSeconds);
  const stage = await heavy.stop();
  const load = seen.find(({ diagnosis }) => diagnosis.cause === "Load");
  const replicas = load?.diagnosis.evidence.find(({ name }) => name === "replicas")?.value ?? 0;
  const after = await served.history();
  const measures: Measure[] = [
    { name: "Load is named after", figure: load?.seconds ?? Number.NaN, atMost: watchSeconds, unit: "s" },
    { name: "other causes", figure: causesOf(seen).filter((cause) => cause !== "Load").length, atMost: 0 },
    { name: "replicas advised", figure: replicas, atLeast: 2 },
    { name: "TuningRuns made", figure: (await served.runs()) - runs, atMost: 0 },
    {
      name: "plans looked for",
      figure: after.retuning.records.length - before.retuning.records.length,
      atMost: 0,
    },
  ];
  return { measures, raw: { capacity, quiet, stage, seen, revisions: after.revisions } };
}
