import { setTimeout as sleep } from "node:timers/promises";
import { badRequests, CostTable } from "@sweetspot/crds";
import { CostModel } from "@sweetspot/planner";
import { eventually } from "@sweetspot/test/e2e";
import type { Progress } from "../proof.ts";
import type { ServedTarget } from "./served-target.ts";

/** Long requests one by one keep the engine busy for this share of the time; the server needs the same CPU. */
const busy = 0.7;
/** From one rate that is tried to the next. */
const step = 1.15;
const mostTimes = 5;
const probeSeconds = 5;
/** So many missed requests are more than a stutter of the machine. */
const missedShare = 0.1;
/** Admission learns within seconds what can be carried, so that a rate that just missed does so no longer. */
const clearly = 1.2;
/** The plan that does without batches. */
const single = "single";
/** Revisions that are promoted by hand here. */
export const byHand: ReadonlySet<string> = new Set(["probed", single]);

/** Long requests, more of them than a plan without batches carries. */
interface Overload {
  readonly long: number;
  readonly leastRequestsPerSecond: number;
}

/**
 * Short requests do without batches, and the tuning may find so or not, by the noise of the machine. What is shown begins with a plan
 * that does without, and with so many requests per second as it does not carry once they are long: gives these.
 */
export async function serveWithoutBatching(
  served: ServedTarget,
  wanted: Overload,
  progress: Progress,
): Promise<number> {
  await served.tuned();
  await promoteSingle(served, "probed");
  const requestsPerSecond = await tooMany(served, wanted);
  // Another revision, so that its baseline has nothing of the long requests that were tried.
  await promoteSingle(served, single);
  progress(`a plan without batching serves, which does not carry ${requestsPerSecond} long requests/s`);
  return requestsPerSecond;
}

async function promoteSingle(served: ServedTarget, revision: string): Promise<void> {
  const plan = await served.plan();
  const batching = { ...plan.batching, maximumRows: 1, inFlightPerInstance: 1, holdMicroseconds: 0 };
  await served.plans.remember({ ...plan, revision, batching }, "no batching");
  await served.annotate("promote", revision);
  await eventually("it serves", async () => (await served.report()).planRevision === revision, { seconds: 30 });
}

/** Rises from what the table says that engines alone would carry, until requests are missed. */
async function tooMany(served: ServedTarget, { long, leastRequestsPerSecond }: Overload): Promise<number> {
  const table = CostModel.fromTable(CostTable.parse((await served.plan()).costTable));
  const carried = (1e6 * busy) / table.batchMicroseconds(1, long);
  for (let rate = carried; rate < mostTimes * carried; rate *= step) {
    const requestsPerSecond = Math.round(Math.max(leastRequestsPerSecond, rate));
    const traffic = await served.load(requestsPerSecond, [long]);
    await sleep(1000 * probeSeconds);
    const { counts } = await traffic.stop();
    if (badRequests(counts) > missedShare * counts.total) return Math.round(clearly * requestsPerSecond);
  }
  throw new Error(`The server carries ${mostTimes} times what its table says.`);
}
