import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { binariesAreThere, controlPlaneBinaries } from "../../cluster/src/index.ts";
import { OperatorPlace } from "./operator-place.ts";

// Building the binaries takes many minutes; the cluster's own set-up does it before the tests.
const there = await binariesAreThere(controlPlaneBinaries);

/** The smallest range that an API server takes: six addresses, of which it has one itself. */
const range = "10.0.0.0/29";
const others = ["a", "b", "c", "d", "e"];
const namespace = "crowded";

describe.skipIf(!there)("an API server without a free address for a Service", () => {
  let place: OperatorPlace;

  beforeAll(async () => {
    place = await OperatorPlace.start({ serverArguments: [`--service-cluster-ip-range=${range}`] });
  }, 120_000);

  afterAll(async () => {
    await place?.[Symbol.asyncDispose]();
  });

  it("is named in status, and done with once there is an address", async () => {
    const { kubectl } = place.server;
    for (const name of others) await kubectl("create", "service", "clusterip", name, "--tcp=80", "-n", "default");
    await place.makeDeployment(namespace);
    place.startOperator(namespace);
    await vi.waitFor(async () => expect(await place.reasons(namespace)).toContain("Stalled ObjectRefused"), 20_000);
    const { conditions = [] } = (await place.infd(namespace)).status ?? {};
    expect(conditions.find(({ type }) => type === "Stalled")?.message).toMatch(/services.*range is full/s);
    await kubectl("delete", "service", ...others, "-n", "default");
    await place.converged(namespace);
    expect(await place.reasons(namespace)).toContain("Stalled Progressing");
  }, 90_000);
});
