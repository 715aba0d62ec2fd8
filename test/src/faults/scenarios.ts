import { setTimeout as delay } from "node:timers/promises";
import { configMaps, inferenceDeployments, type Resource } from "@sweetspot/operator";
import { eventually } from "../e2e/eventually.ts";
import { ownKinds } from "../integration/operator-place.ts";
import type { FaultRun } from "./fault-run.ts";
import { expired, refusal } from "./faulty-transport.ts";

/** A fault on the way from an applied InferenceDeployment to its end, or after it. */
export interface Scenario {
  readonly name: string;
  /** Gives the seconds from the end of the gap until what was changed in it was mended; null where there is no gap. */
  readonly run: (run: FaultRun) => Promise<number | null>;
}

const quietSeconds = 90;

/** What the API server and the network do. */
export const networkFaults: readonly Scenario[] = [
  { name: "stale lists at the start of another operator", run: startFromOldLists },
  { name: "stale lists after a break", run: listOldThings },
  { name: "a storm of 410", run: expireWatches },
  { name: "every second request refused with 429", run: refuseHalf },
  { name: "a break of all connections", run: refuseConnections },
];

/** The same, for as long as a silent connection may be alive. */
export const halfOpenWatch: Scenario = { name: "half-open watches", run: openHalf };

/** What people and other controllers do. */
export const recreations: readonly Scenario[] = [
  { name: "made anew under its name while connected", run: (run) => recreate(run, false) },
  { name: "made anew under its name while cut off", run: (run) => recreate(run, true) },
  { name: "all children made anew under their names", run: recreateChildren },
];

async function startFromOldLists(run: FaultRun): Promise<null> {
  const first = run.start();
  await run.converged();
  await first.stop();
  run.transport.replayFirstLists(1);
  run.start();
  await delay(2000);
  return null;
}

async function listOldThings(run: FaultRun): Promise<number> {
  run.start();
  await run.converged();
  const { transport } = run;
  transport.replayFirstLists(2);
  transport.refuse = (request) => (transport.isReplaying("deployments") ? expired(request) : undefined);
  transport.cutWatches();
  await run.tamper();
  await eventually("the old lists were told", async () => !transport.isReplaying("deployments"), { seconds: 30 });
  return await run.mended();
}

async function expireWatches(run: FaultRun): Promise<number> {
  run.start();
  const { transport } = run;
  transport.refuse = expired;
  await run.converged(120);
  transport.refuse = () => undefined;
  await delay(3000);
  transport.refuse = expired;
  transport.cutWatches();
  await delay(9000);
  await run.tamper();
  await delay(1000);
  transport.refuse = () => undefined;
  return await run.mended();
}

async function refuseHalf(run: FaultRun): Promise<null> {
  let asked = 0;
  run.transport.refuse = () => (asked++ % 2 === 1 ? refusal(429, "TooManyRequests", "1") : undefined);
  run.start();
  await run.converged(120);
  return null;
}

async function refuseConnections(run: FaultRun): Promise<number> {
  run.start();
  await run.converged();
  const { transport } = run;
  transport.refuse = () => {
    throw new Error("connect ECONNREFUSED");
  };
  transport.cutWatches();
  await run.tamper();
  await delay(10_000);
  transport.refuse = () => undefined;
  return await run.mended();
}

/** Nobody tells of the end: what says nothing for so long is taken for dead. */
async function openHalf(run: FaultRun): Promise<number> {
  run.start();
  await run.converged();
  run.transport.silenceWatches();
  await run.tamper();
  return Math.max(0, (await run.mended(3 * quietSeconds)) - quietSeconds);
}

async function recreate(run: FaultRun, cutOff: boolean): Promise<null> {
  run.start();
  await run.converged();
  const { transport, place, namespace } = run;
  if (cutOff) {
    transport.refuse = () => {
      throw new Error("connect ECONNREFUSED");
    };
    transport.cutWatches();
  }
  await place.client.delete(inferenceDeployments, { namespace, name: "ocr" });
  const isEmpty = async () => (await run.endState()).names.length === 0;
  // While it is connected it may be made anew at once, among what is left of the one before.
  if (cutOff) await eventually("all is gone", isEmpty, { seconds: 20 });
  await run.makeDeployment();
  transport.refuse = () => undefined;
  await run.converged();
  return null;
}

/** But those whose loss is the loss of a measurement: run, Job and report. */
async function recreateChildren(run: FaultRun): Promise<null> {
  run.start();
  await run.converged();
  const { client } = run.place;
  for (const kind of ownKinds.filter(({ kind }) => !/^(InferenceDeployment|TuningRun|Job|Pod)$/.test(kind))) {
    const { items } = await client.list(kind, { namespace: run.namespace });
    const lost = items.filter(({ metadata }) => kind.kind !== configMaps.kind || !metadata.name.endsWith("-report"));
    for (const { metadata } of lost) await client.delete(kind as Resource, metadata, { gracePeriodSeconds: 0 });
  }
  await delay(1000);
  await run.converged();
  return null;
}
