import { setTimeout as sleep } from "node:timers/promises";
import type { LoadStage, PlanRevision } from "@sweetspot/crds";
import { LoopPlace, type PlacedModel } from "./control-loop/loop-place.ts";
import { ServedTarget } from "./control-loop/served-target.ts";
import { byHand, serveWithoutBatching } from "./control-loop/unbatched-plan.ts";
import { causesOf, type SeenCause, watchCauses } from "./control-loop/watch-causes.ts";
import type { Measure, Progress, ProofOutcome } from "./proof.ts";

const short = [12, 14, 16, 18, 20];
const watchSeconds = 420;
const afterSeconds = 40;

/** How traffic changes, and how soon it is to be found. */
export interface Shift {
  readonly name: string;
  readonly latencyMilliseconds: number;
  readonly leastRequestsPerSecond: number;
  readonly long: number;
  readonly foundWithin: number;
  /** Seconds of short requests before it. */
  readonly shortSeconds: number;
  /** `Recommend`: finding it is all that is watched. */
  readonly mode: "Automatic" | "Recommend";
}

export const slow: Shift = {
  ...{ name: "shifted", latencyMilliseconds: 100, leastRequestsPerSecond: 50 },
  ...{ long: 256, shortSeconds: 70, foundWithin: 60, mode: "Automatic" },
};
export const quick: Shift = {
  ...{ name: "quick", latencyMilliseconds: 20, leastRequestsPerSecond: 200 },
  ...{ long: 96, shortSeconds: 70, foundWithin: 15, mode: "Recommend" },
};

/**
 * A model that computes most of a batch once, whatever its rows: 13 ms at length 256 where this was written. Measured with short
 * requests any batch is short; for long ones it matters how long a batch may take.
 */
export const workingBatches: PlacedModel = {
  name: "working-batches",
  layersPerRow: 1,
  layersPerBatch: 32,
  // One in 200 is long, so that the table reaches there.
  lengths: Array.from({ length: 200 }, (_, i) => (i === 0 ? 256 : (short[i % short.length] as number))),
};

/** On a cluster: requests become sixteen times as long from one second to the next, and six times at a higher rate. */
export async function proveLongerRequests(progress: Progress): Promise<ProofOutcome> {
  await using place = await LoopPlace.start("proof-loop-1", progress);
  const image = await place.bring(workingBatches);
  const outcomes: ProofOutcome[] = [];
  for (const shift of [slow, quick]) {
    const { name, latencyMilliseconds, mode } = shift;
    const served = await ServedTarget.apply(place, { name, image, latencyMilliseconds, spec: { retuning: { mode } } });
    outcomes.push(await (mode === "Automatic" ? showLongerRequests : showFinding)(served, shift, progress));
    await served.remove();
  }
  return { measures: outcomes.flatMap(({ measures }) => measures), raw: outcomes.map(({ raw }) => raw) };
}

export async function showLongerRequests(
  served: ServedTarget,
  shift: Shift,
  progress: Progress,
): Promise<ProofOutcome> {
  const { latencyMilliseconds } = shift;
  const long = [shift.long];
  const requestsPerSecond = await serveWithoutBatching(served, shift, progress);
  const pods = await served.pods();
  const before = await shortTraffic(served, shift, requestsPerSecond, progress);
  const shifted = Date.now();
  const traffic = await served.load(requestsPerSecond, long);
  let replanned: PlanRevision | undefined;
  const isDone = async () => {
    const last = (await served.history()).revisions.findLast(
      ({ origin, name }) => origin === "Replan" && !byHand.has(name),
    );
    if (last?.outcome !== replanned?.outcome) progress(`${last?.name} ${last?.outcome}: ${last?.message}`);
    replanned = last;
    return replanned !== undefined && replanned.outcome !== "Trying";
  };
  const seen = await watchCauses(served, watchSeconds, isDone, shifted);
  const during = await traffic.stop();
  const then = await served.load(requestsPerSecond, long);
  await sleep(1000 * afterSeconds);
  const after = await then.stop();
  const [grew, now] = [p99Of(during), p99Of(after)];
  const { uids, restarts } = await served.pods();
  const total = (of: "failed" | "expired") => [before, during, after].reduce((sum, { counts }) => sum + counts[of], 0);
  progress(`p99 ${grew.toFixed(1)} ms with the plan before, ${now.toFixed(1)} ms with the new one`);
  const measures: Measure[] = [
    { name: "p99 after the shift / before", figure: grew / p99Of(before), atLeast: 2 },
    ...findingOf(shift, requestsPerSecond, seen),
    {
      name: "a plan of the tables won its trial and serves",
      figure: Number(replanned?.outcome === "Serving"),
      atLeast: 1,
    },
    { name: "requests that failed", figure: total("failed"), atMost: 0 },
    { name: "accepted ones that expired", figure: total("expired"), atMost: 0 },
    {
      name: "restarts and new pods",
      figure: restarts + uids.filter((uid) => !pods.uids.includes(uid)).length,
      atMost: 0,
    },
    { name: "p99 with the new plan", figure: now, atMost: latencyMilliseconds, unit: "ms" },
  ];
  return { measures, raw: { before, during, after, seen, replanned } };
}

export async function showFinding(served: ServedTarget, shift: Shift, progress: Progress): Promise<ProofOutcome> {
  const requestsPerSecond = await serveWithoutBatching(served, shift, progress);
  const before = await shortTraffic(served, shift, requestsPerSecond, progress);
  const shifted = Date.now();
  const traffic = await served.load(requestsPerSecond, [shift.long]);
  const seen = await watchCauses(served, 60, (causes) => causes.length > 0, shifted);
  const during = await traffic.stop();
  return { measures: findingOf(shift, requestsPerSecond, seen), raw: { before, during, seen } };
}

async function shortTraffic(
  served: ServedTarget,
  { shortSeconds }: Shift,
  requestsPerSecond: number,
  progress: Progress,
): Promise<LoadStage> {
  progress(`${requestsPerSecond} short requests/s for ${shortSeconds} s`);
  const usual = await served.load(requestsPerSecond, short);
  await sleep(1000 * shortSeconds);
  const stage = await usual.stop();
  progress(`p99 ${p99Of(stage).toFixed(1)} ms; now long ones`);
  return stage;
}

const p99Of = ({ latencyMilliseconds }: LoadStage): number => latencyMilliseconds.p99 ?? Number.NaN;

const findingOf = ({ foundWithin }: Shift, requestsPerSecond: number, seen: readonly SeenCause[]): Measure[] => [
  {
    name: `found at ${requestsPerSecond} requests/s after`,
    figure: seen[0]?.seconds ?? Number.NaN,
    atMost: foundWithin,
    unit: "s",
  },
  {
    name: "causes other than WorkloadDrift",
    figure: causesOf(seen).filter((cause) => cause !== "WorkloadDrift").length,
    atMost: 0,
  },
];
