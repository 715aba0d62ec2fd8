import { PlanHistory, ServingPlan, safeRevision, TuningRun } from "@sweetspot/crds";
import { annotationKeys, tuningRuns } from "@sweetspot/operator";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { binariesAreThere, controlPlaneBinaries } from "../../cluster/src/index.ts";
import { OperatorPlace } from "./operator-place.ts";
import { type ConfigMap, configMaps, pods } from "./stand-in.ts";
import { toldTraffic } from "./told-traffic.ts";

// Building the binaries takes many minutes; the cluster's own set-up does it before the tests.
const there = await binariesAreThere(controlPlaneBinaries);

describe.skipIf(!there)("plans that do not fit, with an operator on a real API server", () => {
  let place: OperatorPlace;

  beforeAll(async () => {
    place = await OperatorPlace.start();
  }, 120_000);

  afterAll(async () => {
    await place?.[Symbol.asyncDispose]();
  });

  it("takes back a plan that somebody forced upon it and that misses the target, and says why", async () => {
    const namespace = "forced";
    await place.makeDeployment(namespace);
    const operator = place.startOperator(namespace);
    await place.converged(namespace);
    const { spec, status } = await place.infd(namespace);
    const good = status?.targets?.[0]?.planRevision ?? "";
    let forcedAt = Number.POSITIVE_INFINITY;
    place.standIn.tells.set(namespace, (revision) => {
      const bad = revision === "forced";
      const seconds = bad ? Math.max(0, (Date.now() - forcedAt) / 1000) : 3600;
      return toldTraffic(bad, seconds, spec.serviceLevel);
    });
    await vi.waitFor(async () => expect(await place.reasons(namespace)).toContain("ServiceLevelMet Kept"), 30_000);
    const history = { namespace, name: "ocr-x64.history" };
    const stored = await place.client.get(configMaps, history);
    forcedAt = Date.now();
    await place.client.mergePatch(configMaps, history, { data: withForcedPlan(stored, await planOf(namespace)) });
    const revisions = async () => (await place.infd(namespace)).status?.targets?.[0]?.revisions ?? [];
    await vi.waitFor(
      async () =>
        expect(await revisions()).toContainEqual(expect.objectContaining({ name: "forced", outcome: "RolledBack" })),
      { timeout: 150_000, interval: 100 },
    );
    await vi.waitFor(async () => expect((await planOf(namespace)).revision).toBe(good), 2000);
    const { message } = (await revisions()).find(({ name }) => name === "forced") ?? {};
    expect(message).toMatch(/since revision forced/);
    expect((await place.client.list(tuningRuns, { namespace })).items).toHaveLength(1);
    await operator.stop();
  }, 240_000);

  /** The plan that the only pod was told of. */
  async function planOf(namespace: string): Promise<ServingPlan> {
    return ServingPlan.parse(JSON.parse((await toldIn(namespace)) ?? "null"));
  }

  /** What it was told, as it was written. */
  async function toldIn(namespace: string): Promise<string | undefined> {
    const { items } = await place.client.list(pods, { namespace, labelSelector: "app.kubernetes.io/component=server" });
    return items[0]?.metadata.annotations?.[annotationKeys.plan];
  }

  it("keeps a quantized model from a CPU on which nobody measured it, measures again, and serves it when the CPU is the right one", async () => {
    const namespace = "other-cpu";
    place.standIn.tells.set(namespace, () => ({
      cpu: { model: "ARM implementer 0x41 part 0xd40", architecture: "arm64" },
    }));
    await place.makeDeployment(namespace, { "spec.retuning": { settleSeconds: 0, coolDownSeconds: 60 } });
    const operator = place.startOperator(namespace);
    const triggers = async () =>
      (await place.client.list(tuningRuns, { namespace })).items
        .map((item) => TuningRun.parse(item).spec.trigger)
        .sort();
    await vi.waitFor(async () => expect(await triggers()).toEqual(["Drift", "Initial"]), 30_000);
    await vi.waitFor(async () => expect(await toldIn(namespace)).toBe(safeRevision), 10_000);
    expect(await place.reasons(namespace)).toContain("NodeClassConfirmed NodeClassChanged");
    place.standIn.tells.delete(namespace);
    const measured = async () => {
      expect((await planOf(namespace)).revision).toMatch(/-2$/);
      expect(await place.reasons(namespace)).toContain("NodeClassConfirmed Confirmed");
    };
    await vi.waitFor(measured, 30_000);
    await operator.stop();
  }, 120_000);
});

/** A history in which another plan has just taken the place of the one that serves. */
function withForcedPlan(stored: ConfigMap, plan: ServingPlan): Record<string, string> {
  const history = PlanHistory.parse(JSON.parse(stored.data?.["history.json"] ?? "null"));
  const [last] = history.revisions;
  const forced = {
    ...last,
    ...{ name: "forced", origin: "Replan", since: new Date().toISOString(), message: "Somebody forced it." },
    ...{ previous: history.serving, shareBefore: 0 },
  };
  const revisions = [{ ...last, outcome: "Superseded" }, forced];
  // The traffic is what it was: a breach after another mix of lengths would be no fault of the plan.
  const traffic = { ...history.baseline.traffic, requestsPerSecond: 100, lengths: [6000], rows: [6000] };
  const baseline = { complete: false, traffic };
  return {
    "history.json": JSON.stringify({ ...history, revisions, baseline, serving: "forced" }),
    "forced.plan.json": JSON.stringify({ ...plan, revision: "forced" }),
  };
}
