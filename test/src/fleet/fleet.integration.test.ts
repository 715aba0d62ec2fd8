import { setTimeout as delay } from "node:timers/promises";
import { tuningRuns } from "@sweetspot/operator";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { binariesAreThere, controlPlaneBinaries } from "../../cluster/src/index.ts";
import { eventually } from "../e2e/eventually.ts";
import { OperatorPlace } from "../integration/operator-place.ts";
import { jobs } from "../integration/stand-in.ts";
import { Fleet } from "./fleet.ts";

const there = await binariesAreThere(controlPlaneBinaries);
const namespace = "fleet";
const count = 12;

describe.skipIf(!there)("many equal InferenceDeployments on a real API server", () => {
  let place: OperatorPlace;

  beforeAll(async () => {
    place = await OperatorPlace.start({ nodes: 4 });
    await place.makeNamespace(namespace);
    place.startOperator(namespace);
    const fleet = new Fleet(place, namespace);
    await fleet.make(count, "equal");
    await eventually("all are at rest", async () => (await fleet.atRest()) === count, { seconds: 60 });
  }, 120_000);

  afterAll(async () => {
    await place?.[Symbol.asyncDispose]();
  });

  it("cost one measurement, whose answer each of them has", async () => {
    const made = (await place.client.list(jobs, { namespace })).items.map(({ metadata }) => metadata.name);
    expect(made).toHaveLength(1);
    const { items } = await place.client.list(tuningRuns, { namespace });
    expect(items).toHaveLength(count);
    const from = items.map(({ metadata, status }) => status?.answerFrom ?? metadata.name);
    expect(new Set(from)).toEqual(new Set(made));
  });

  it("have plans of their own, which stay when the one that was measured goes", async () => {
    const [job] = (await place.client.list(jobs, { namespace })).items;
    const measured = job?.metadata.labels?.["sweetspot.dev/inference-deployment"] ?? "";
    await place.server.kubectl("delete", "infd", measured, "-n", namespace, "--wait=true");
    const other = measured === "m0" ? "m1" : "m0";
    const isGone = async () => (await place.client.list(jobs, { namespace })).items.length === 0;
    await eventually("its Job is gone with it", isGone, { seconds: 20 });
    await delay(1000);
    await place.converged(namespace, other);
    expect((await place.infd(namespace, other)).status?.targets?.[0]?.planRevision).toContain(`${other}-x64-`);
  }, 60_000);
});
