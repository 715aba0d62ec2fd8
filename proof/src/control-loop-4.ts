import { setTimeout as sleep } from "node:timers/promises";
import { badRequests } from "@sweetspot/crds";
import { eventually, withholding } from "@sweetspot/test/e2e";
import { LoopPlace } from "./control-loop/loop-place.ts";
import { ServedTarget } from "./control-loop/served-target.ts";
import type { Measure, Progress, ProofOutcome } from "./proof.ts";

const latencyMilliseconds = 100;
const length = 128;
/** Share of the measured capacity that comes. */
const load = 0.5;
/** The traffic of a minute is what a plan is held against. */
const settleSeconds = 70;
const mostDecisionSeconds = 60;

/** On a cluster, under real load, a plan that is bad for every request is promoted by hand; the loop is to take it back. */
export async function proveRollback(progress: Progress): Promise<ProofOutcome> {
  await using place = await LoopPlace.start("proof-loop-4", progress);
  const image = await place.bring(workingRows);
  const served = await ServedTarget.apply(place, { name: "worker", image, latencyMilliseconds });
  return await showRollback(served, progress);
}

/** A model for which batching saves nothing: 7 ms for 128 elements, where this was written. */
export const workingRows = { name: "working-rows", layersPerRow: 32, layersPerBatch: 0, lengths: [length] } as const;

export async function showRollback(served: ServedTarget, progress: Progress): Promise<ProofOutcome> {
  const { capacityRequestsPerSecond = 0 } = await served.tuned();
  const requestsPerSecond = load * capacityRequestsPerSecond;
  const traffic = await served.load(requestsPerSecond, [length]);
  progress(`${requestsPerSecond.toFixed(0)} requests/s for ${settleSeconds} s`);
  await sleep(1000 * settleSeconds);
  const good = await served.plan();
  const before = await served.report();
  await served.plans.remember(withholding(good, badRevision), "holds every request for three times the target");
  const asked = Date.now();
  await served.annotate("promote", badRevision);
  const taken = await runs(served, badRevision);
  const back = await runs(served, good.revision);
  const rolledBack = await eventually(
    "the history says that it was taken back",
    async () => (await served.history()).revisions.find(({ name }) => name === badRevision) ?? null,
    { seconds: 10 },
  );
  const decided = Date.parse(rolledBack.since);
  progress(
    `asked, in the pod after ${taken - asked} ms; decided ${decided - taken} ms later; undone ${back - decided} ms later`,
  );
  progress(`${rolledBack.outcome}: ${rolledBack.message}`);
  await sleep(20_000);
  const { counts } = await served.report();
  const pods = await served.pods();
  const stage = await traffic.stop();
  const measures: Measure[] = [
    { name: "taken back by itself", figure: Number(rolledBack.outcome === "RolledBack"), atLeast: 1 },
    { name: "decision to effect", figure: (back - decided) / 1000, atMost: 2, unit: "s" },
    {
      name: `time to decide at ${requestsPerSecond.toFixed(0)} requests/s, all of them missed`,
      figure: (decided - taken) / 1000,
      atMost: mostDecisionSeconds,
      unit: "s",
    },
    {
      name: "requests that the plan before missed afterwards",
      figure: (100 * badRequests(counts)) / Math.max(1, counts.total),
      atMost: 1,
      unit: "%",
    },
    { name: "answers that failed", figure: stage.counts.failed, atMost: 0 },
    { name: "restarts", figure: pods.restarts, atMost: 0 },
  ];
  return { measures, raw: { before: before.counts, after: counts, stage, rolledBack, asked, taken, decided, back } };
}

const badRevision = "bad";

/** When the pod says that it runs a plan, milliseconds since the epoch. */
async function runs(served: ServedTarget, revision: string): Promise<number> {
  await eventually(`the pod runs ${revision}`, async () => (await served.report()).planRevision === revision, {
    seconds: mostDecisionSeconds + 30,
    everyMilliseconds: 20,
  });
  return Date.now();
}
