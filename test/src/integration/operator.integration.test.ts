import { setTimeout as delay } from "node:timers/promises";
import { PlanHistory, ServingPlan, safeRevision, TuningRun } from "@sweetspot/crds";
import { changed, minimal } from "@sweetspot/crds/testing";
import { annotationKeys, inferenceDeployments, type KubeClient, labelKeys, tuningRuns } from "@sweetspot/operator";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type ApiServer, binariesAreThere, controlPlaneBinaries } from "../../cluster/src/index.ts";
import { OperatorPlace } from "./operator-place.ts";
import type { OperatorProcess, ProcessOptions } from "./operator-process.ts";
import { type ConfigMap, configMaps, deployments, jobs, pods, reportBytes, type StandIn } from "./stand-in.ts";
import { toldTraffic } from "./told-traffic.ts";

// Building the binaries takes many minutes; the cluster's own set-up does it before the tests.
const there = await binariesAreThere(controlPlaneBinaries);

describe.skipIf(!there)("the operator on a real API server", () => {
  let place: OperatorPlace;
  let server: ApiServer;
  let client: KubeClient;
  let standIn: StandIn;

  beforeAll(async () => {
    place = await OperatorPlace.start();
    ({ server, client, standIn } = place);
  }, 120_000);

  afterAll(async () => {
    await place?.[Symbol.asyncDispose]();
  });

  /** A namespace that enforces Pod Security restricted, with one InferenceDeployment. */
  async function namespaceWith(name: string, changes: Record<string, unknown> = {}): Promise<void> {
    await place.makeNamespace(name);
    await server.kubectl.apply([changed(minimal.InferenceDeployment, { "metadata.namespace": name, ...changes })]);
  }

  const start = (namespace: string, options: ProcessOptions = {}): OperatorProcess =>
    place.startOperator(namespace, options);

  const infdIn = (namespace: string, name = "ocr") => place.infd(namespace, name);

  /** `Ready Serving` and so on. */
  const reasonsIn = async (namespace: string, name = "ocr"): Promise<string[]> =>
    ((await infdIn(namespace, name)).status?.conditions ?? []).map(({ type, reason }) => `${type} ${reason}`);

  const converged = (namespace: string, name = "ocr") => place.converged(namespace, name);

  /** All that the operator has made itself: pods are made of what it made. */
  const childrenIn = async (namespace: string) =>
    (await place.objects(namespace)).filter(
      ({ kind, metadata }) => kind !== pods.kind && metadata.labels?.[labelKeys.managedBy] === "sweetspot",
    );

  const namesIn = async (namespace: string): Promise<string[]> =>
    (await childrenIn(namespace)).map(({ kind, metadata }) => `${kind}/${metadata.name}`).sort();

  /** What must be the same however often the operator died: names, plan and conditions. */
  async function stateOf(namespace: string) {
    const { items } = await client.list(pods, { namespace });
    const plans = items.map(({ metadata }) => [metadata.name, metadata.annotations?.[annotationKeys.plan]] as const);
    return { names: await namesIn(namespace), plans: plans.sort(), reasons: await reasonsIn(namespace) };
  }

  describe("leads from an applied InferenceDeployment to the measured plan in its pod", () => {
    let operator: OperatorProcess;
    beforeAll(async () => {
      await namespaceWith("path");
      operator = start("path");
      await converged("path");
    }, 60_000);

    it("with one run, one Job, and a report of the size that status names", async () => {
      const [run, ...more] = (await client.list(tuningRuns, { namespace: "path" })).items.map((item) =>
        TuningRun.parse(item),
      );
      expect(more).toEqual([]);
      expect((await client.list(jobs, { namespace: "path" })).items.map(({ metadata }) => metadata.name)).toEqual([
        run?.metadata.name,
      ]);
      const { report } = run?.status ?? {};
      expect(report?.bytes).toBe(reportBytes);
      const stored = await client.get(configMaps, { namespace: "path", name: report?.configMap ?? "" });
      expect(Object.keys(stored.data ?? {})).toContain("plan.json");
      const { status } = await infdIn("path");
      expect(status).toMatchObject({ replicas: 1, readyReplicas: 1 });
      expect(status?.targets).toEqual([
        expect.objectContaining({ planRevision: run?.metadata.name, appliedReplicas: 1, verdict: "Inconclusive" }),
      ]);
    });

    it("where every object belongs to another one, up to the InferenceDeployment", async () => {
      const { metadata } = await infdIn("path");
      const [run] = (await client.list(tuningRuns, { namespace: "path" })).items;
      const owners = [metadata.uid, run?.metadata.uid];
      const children = await childrenIn("path");
      expect(children).toHaveLength(9);
      for (const { metadata: child } of children) {
        expect(child.ownerReferences?.map(({ uid, controller }) => [owners.includes(uid), controller])).toEqual([
          [true, true],
        ]);
      }
    });

    it("and then writes nothing more", async () => {
      await delay(500);
      const before = operator.writes.length;
      await delay(6000);
      expect(operator.writes.slice(before)).toEqual([]);
    }, 20_000);

    it("mends what somebody else has changed, and only that", async () => {
      const before = operator.writes.length;
      await client.mergePatch(deployments, { namespace: "path", name: "ocr-x64" }, { spec: { replicas: 3 } });
      await vi.waitFor(async () => {
        const { spec } = await client.get(deployments, { namespace: "path", name: "ocr-x64" });
        expect(spec?.replicas).toBe(1);
      }, 10_000);
      await converged("path");
      const kinds = operator.writes.slice(before).map(({ what }) => what.replace(/^.*\/namespaces\/path\//, ""));
      const allowed = /^(deployments\/ocr-x64|inferencedeployments\/ocr\/status|pods\/ocr-x64-[012])\?/;
      expect(kinds.filter((what) => !allowed.test(`${what}?`))).toEqual([]);
    }, 20_000);

    it("changes its mind with the spec: another target is another run, while the old plan serves", async () => {
      await server.kubectl.apply(
        changed(minimal.InferenceDeployment, {
          "metadata.namespace": "path",
          "spec.serviceLevel.latencyMilliseconds": 30,
        }),
      );
      await vi.waitFor(async () => {
        expect((await infdIn("path")).status?.observedGeneration).toBe(2);
        expect((await client.list(tuningRuns, { namespace: "path" })).items).toHaveLength(2);
      }, 20_000);
      await converged("path");
    }, 60_000);
  });

  it("reminds a kubelet that has missed the plan", async () => {
    await namespaceWith("deaf", { "metadata.name": "deaf" });
    const operator = start("deaf");
    await converged("deaf", "deaf");
    const { items } = await client.list(pods, {
      namespace: "deaf",
      labelSelector: "app.kubernetes.io/component=server",
    });
    expect(items.map(({ metadata }) => metadata.annotations?.[annotationKeys.nonce])).toEqual([
      expect.stringMatching(/^\d+\/[12]$/),
    ]);
    await operator.stop();
  }, 60_000);

  it("deletes what is left of a target, and nothing that it does not own", async () => {
    const two = ["x64", "arm"].map((name) => ({ name, resources: { cpu: "1", memory: "1Gi" } }));
    await namespaceWith("leftovers", { "spec.targets": two, "spec.replicas": 2, "spec.tuning": { mode: "Disabled" } });
    const labels = {
      "app.kubernetes.io/managed-by": "sweetspot",
      "sweetspot.dev/inference-deployment": "ocr",
      "sweetspot.dev/target": "arm",
    };
    const foreign: ConfigMap = {
      metadata: { name: "foreign", namespace: "leftovers", labels },
      data: { key: "value" },
    };
    await client.create(configMaps, foreign);
    const operator = start("leftovers");
    await vi.waitFor(async () => expect(await namesIn("leftovers")).toContain("Deployment/ocr-arm"), 20_000);
    await client.mergePatch(
      inferenceDeployments,
      { namespace: "leftovers", name: "ocr" },
      { spec: { targets: [two[0]] } },
    );
    await vi.waitFor(async () => {
      const names = await namesIn("leftovers");
      expect(names.filter((name) => name.endsWith("arm"))).toEqual([]);
      expect(names).toContain("ConfigMap/foreign");
    }, 20_000);
    await delay(1000);
    expect(await namesIn("leftovers")).toContain("ConfigMap/foreign");
    await operator.stop();
  }, 60_000);

  it("says which object the API server refuses, and goes on when it does no more", async () => {
    const namespace = "quota";
    await place.makeNamespace(namespace);
    const [hard, used] = ["0", "0"].map((count) => ({ "count/deployments.apps": count }));
    const quota = { apiVersion: "v1", kind: "ResourceQuota", metadata: { name: "none", namespace }, spec: { hard } };
    await server.kubectl.apply([quota]);
    const status = JSON.stringify({ status: { hard, used } });
    const patch = ["patch", "resourcequota", "none", "-n", namespace, "--subresource=status", "--type=merge"];
    await server.kubectl(...patch, "-p", status);
    await server.kubectl.apply([changed(minimal.InferenceDeployment, { "metadata.namespace": namespace })]);
    const operator = start(namespace);
    await vi.waitFor(async () => expect(await reasonsIn(namespace)).toContain("Stalled ObjectRefused"), 20_000);
    const { conditions = [], observedGeneration } = (await infdIn(namespace)).status ?? {};
    expect(conditions.find(({ type }) => type === "Stalled")?.message).toMatch(/deployments.*exceeded quota/s);
    expect(observedGeneration).toBe(1);
    await server.kubectl("delete", "resourcequota", "none", "-n", namespace);
    await converged(namespace);
    expect(await reasonsIn(namespace)).toContain("Stalled Progressing");
    await operator.stop();
  }, 90_000);

  it("does not take the Job of an earlier run of the same name for its own", async () => {
    await namespaceWith("heirs", { "spec.replicas": 0, "spec.tuning": { mode: "Disabled" } });
    const run = changed(minimal.TuningRun, { "metadata.namespace": "heirs", "metadata.name": "by-hand" });
    const labels = { "app.kubernetes.io/managed-by": "sweetspot", "sweetspot.dev/tuning-run": "by-hand" };
    const owner = { apiVersion: run.apiVersion, kind: run.kind, name: "by-hand", uid: "an-earlier-one" };
    const template = { spec: { restartPolicy: "Never", containers: [{ name: "tuner", image: "tuner" }] } };
    await server.kubectl.apply([
      {
        apiVersion: "batch/v1",
        kind: "Job",
        metadata: {
          name: "by-hand",
          namespace: "heirs",
          labels,
          ownerReferences: [owner],
        },
        spec: { template },
      },
    ]);
    const operator = start("heirs");
    await server.kubectl.apply([run]);
    const stateNow = async () =>
      TuningRun.parse(await client.get(tuningRuns, { namespace: "heirs", name: "by-hand" })).status;
    await vi.waitFor(async () => expect((await stateNow())?.conditions).toBeDefined(), 20_000);
    await delay(1000);
    expect((await stateNow())?.jobName).toBeUndefined();
    await client.delete(jobs, { namespace: "heirs", name: "by-hand" });
    await vi.waitFor(async () => expect((await stateNow())?.result).toBeDefined(), 20_000);
    await operator.stop();
  }, 60_000);

  describe("killed at any moment, comes to the same end", () => {
    let expected: Awaited<ReturnType<typeof stateOf>>;
    let writes: number;
    beforeAll(async () => {
      await namespaceWith("unharmed");
      const operator = start("unharmed");
      await converged("unharmed");
      await delay(300);
      writes = operator.writes.length;
      expected = await stateOf("unharmed");
      await operator.stop();
    }, 60_000);

    /** Starts an operator that dies, then one that lives, and compares what has become of it. */
    async function killed(namespace: string, death: ProcessOptions): Promise<boolean> {
      await namespaceWith(namespace);
      const first = start(namespace, death);
      await Promise.race([first.ended, converged(namespace)]);
      const died = first.dead;
      await first.stop();
      const second = start(namespace);
      await converged(namespace);
      await delay(300);
      expect(await stateOf(namespace)).toEqual(expected);
      expect(expected.names.filter((name) => /^(Job|TuningRun)\//.test(name))).toHaveLength(2);
      await second.stop();
      return died;
    }

    it("after every action of the first reconcile", async () => {
      const deaths = await inTurns(7, (n) => killed(`action-${n}`, { actions: n }));
      expect(deaths).toEqual(deaths.map(() => true));
    }, 240_000);

    it("after every write, before it has heard of it", async () => {
      expect(writes).toBeGreaterThan(12);
      const deaths = await inTurns(writes, (n) => killed(`write-${n}`, { writes: n }));
      // The last ones may fall together: status is written as often as it is looked at.
      expect(deaths.slice(0, 12)).toEqual(Array.from({ length: 12 }, () => true));
    }, 480_000);
  });

  it("takes back a plan that somebody forced upon it and that misses the target, and says why", async () => {
    const namespace = "forced";
    await namespaceWith(namespace);
    const operator = start(namespace);
    await converged(namespace);
    const { spec, status } = await infdIn(namespace);
    const good = status?.targets?.[0]?.planRevision ?? "";
    let forcedAt = Number.POSITIVE_INFINITY;
    standIn.tells.set(namespace, (revision) => {
      const bad = revision === "forced";
      const seconds = bad ? Math.max(0, (Date.now() - forcedAt) / 1000) : 3600;
      return toldTraffic(bad, seconds, spec.serviceLevel);
    });
    await vi.waitFor(async () => expect(await reasonsIn(namespace)).toContain("ServiceLevelMet Kept"), 30_000);
    const history = { namespace, name: "ocr-x64.history" };
    const stored = await client.get(configMaps, history);
    forcedAt = Date.now();
    await client.mergePatch(configMaps, history, { data: withForcedPlan(stored, await planOf(namespace)) });
    const revisions = async () => (await infdIn(namespace)).status?.targets?.[0]?.revisions ?? [];
    await vi.waitFor(
      async () =>
        expect(await revisions()).toContainEqual(expect.objectContaining({ name: "forced", outcome: "RolledBack" })),
      { timeout: 150_000, interval: 100 },
    );
    await vi.waitFor(async () => expect((await planOf(namespace)).revision).toBe(good), 2000);
    const { message } = (await revisions()).find(({ name }) => name === "forced") ?? {};
    expect(message).toMatch(/since revision forced/);
    expect((await client.list(tuningRuns, { namespace })).items).toHaveLength(1);
    await operator.stop();
  }, 240_000);

  /** The plan that the only pod was told of. */
  async function planOf(namespace: string): Promise<ServingPlan> {
    return ServingPlan.parse(JSON.parse((await toldIn(namespace)) ?? "null"));
  }

  /** What it was told, as it was written. */
  async function toldIn(namespace: string): Promise<string | undefined> {
    const { items } = await client.list(pods, { namespace, labelSelector: "app.kubernetes.io/component=server" });
    return items[0]?.metadata.annotations?.[annotationKeys.plan];
  }

  it("keeps a quantized model from a CPU on which nobody measured it, measures again, and serves it when the CPU is the right one", async () => {
    const namespace = "other-cpu";
    standIn.tells.set(namespace, () => ({ cpu: { model: "ARM implementer 0x41 part 0xd40", architecture: "arm64" } }));
    await namespaceWith(namespace, { "spec.retuning": { settleSeconds: 0, coolDownSeconds: 60 } });
    const operator = start(namespace);
    const triggers = async () =>
      (await client.list(tuningRuns, { namespace })).items.map((item) => TuningRun.parse(item).spec.trigger).sort();
    await vi.waitFor(async () => expect(await triggers()).toEqual(["Drift", "Initial"]), 30_000);
    await vi.waitFor(async () => expect(await toldIn(namespace)).toBe(safeRevision), 10_000);
    expect(await reasonsIn(namespace)).toContain("NodeClassConfirmed NodeClassChanged");
    standIn.tells.delete(namespace);
    const measured = async () => {
      expect((await planOf(namespace)).revision).toMatch(/-2$/);
      expect(await reasonsIn(namespace)).toContain("NodeClassConfirmed Confirmed");
    };
    await vi.waitFor(measured, 30_000);
    await operator.stop();
  }, 120_000);

  it("lets one of two write, and the other take over when it stops", async () => {
    await namespaceWith("leaders");
    const lease = { namespace: "leaders", name: "sweetspot-operator" };
    const first = start("leaders", { identity: "first", lease });
    await vi.waitFor(() => expect(first.writes.length).toBeGreaterThan(0), 20_000);
    const second = start("leaders", { identity: "second", lease });
    await converged("leaders");
    await delay(1000);
    expect(second.writes).toEqual([]);
    await first.stop();
    await client.mergePatch(inferenceDeployments, { namespace: "leaders", name: "ocr" }, { spec: { replicas: 2 } });
    await vi.waitFor(async () => expect((await infdIn("leaders")).status?.readyReplicas).toBe(2), 30_000);
    expect(second.writes[0]?.at).toBeGreaterThan(first.writes.at(-1)?.at ?? Number.POSITIVE_INFINITY);
    await second.stop();
  }, 90_000);
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

/** `body(1)` to `body(count)`, four at a time. */
async function inTurns<T>(count: number, body: (n: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (let from = 1; from <= count; from += 4) {
    const turn = Array.from({ length: Math.min(4, count - from + 1) }, (_, index) => body(from + index));
    results.push(...(await Promise.all(turn)));
  }
  return results;
}
