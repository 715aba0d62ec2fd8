import { setTimeout as sleep } from "node:timers/promises";
import { eventually, settledConditions, untilConditionsAreBack } from "@sweetspot/test/e2e";
import { LoopPlace } from "./control-loop/loop-place.ts";
import { OperatorRequests } from "./control-loop/operator-requests.ts";
import { ServedTarget } from "./control-loop/served-target.ts";
import { workingRows } from "./control-loop-4.ts";
import { shareOf } from "./data-plane/share.ts";
import type { Progress, ProofOutcome } from "./proof.ts";

const outageSeconds = 600;
const requestsPerSecond = 20;
const latencyMilliseconds = 100;
const sinceReturnSeconds = 30;

/** On a cluster, the API server is killed and stays away for ten minutes, under traffic. */
export async function proveOutage(progress: Progress): Promise<ProofOutcome> {
  await using place = await LoopPlace.start("proof-loop-9", progress);
  const image = await place.bring(workingRows);
  const served = await ServedTarget.apply(place, { name: "worker", image, latencyMilliseconds });
  return await showOutage(place, served, progress);
}

async function showOutage(place: LoopPlace, served: ServedTarget, progress: Progress): Promise<ProofOutcome> {
  const { cluster } = place;
  await served.tuned();
  const traffic = await served.load(requestsPerSecond, workingRows.lengths);
  await eventually(
    "the operator has reports",
    async () => (await served.condition("ReportsReceived")).status === "True",
    {
      seconds: 60,
    },
  );
  const before = await settledConditions(cluster, served.name);
  const pods = await served.pods();
  const requests = await OperatorRequests.of(cluster);
  const seconds = shareOf(outageSeconds);
  progress(`the API server is killed and stays away for ${seconds} s; before: ${before}`);
  await cluster.component("kube-apiserver").stop("Crash");
  const counted = requests.count(seconds);
  await sleep(1000 * seconds);
  const sent = await counted;
  await cluster.component("kube-apiserver").start();
  const returned = Date.now();
  // Something for the operator alone to see, so that right conditions are not just the old ones.
  await served.patchSpec({ rollout: { initial: "WaitForTuning" } });
  await eventually("the operator has seen the change", () => hasSeen(served), { seconds: 120, everyMilliseconds: 500 });
  const seen = (Date.now() - returned) / 1000;
  const back = await untilConditionsAreBack(cluster, served.name, before);
  progress(
    `the change was seen after ${seen.toFixed(1)} s, all conditions were as before ${back.toFixed(1)} s after the pods`,
  );
  const stage = await traffic.stop();
  const after = await served.pods();
  const { failed, expired, refused, total } = stage.counts;
  return {
    measures: [
      { name: "seconds without an API server", figure: seconds, atLeast: outageSeconds },
      { name: `of ${total} requests failed, expired or were refused`, figure: failed + expired + refused, atMost: 0 },
      { name: "most requests of the operator to it in a minute, per second", figure: sent.mostPerSecond, atMost: 1 },
      { name: "its return was noticed after", figure: seen, atMost: sinceReturnSeconds, unit: "s" },
      { name: "all conditions right after", figure: back, atMost: sinceReturnSeconds, unit: "s" },
      { name: "restarts and new pods", figure: after.restarts + newPods(pods.uids, after.uids), atMost: 0 },
    ],
    raw: { before, sent, seen, back, stage },
  };
}

async function hasSeen(served: ServedTarget): Promise<boolean> {
  const { metadata, status } = await served.infd();
  return status?.observedGeneration === metadata.generation;
}

const newPods = (before: readonly string[], after: readonly string[]): number =>
  after.filter((uid) => !before.includes(uid)).length;
