import { setTimeout as delay } from "node:timers/promises";
import { TuningRun } from "@sweetspot/crds";
import { changed, minimal } from "@sweetspot/crds/testing";
import { annotationKeys, inferenceDeployments, type KubeClient, labelKeys, tuningRuns } from "@sweetspot/operator";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type ApiServer, binariesAreThere, controlPlaneBinaries } from "../../cluster/src/index.ts";
import { OperatorPlace } from "./operator-place.ts";
import type { OperatorProcess, ProcessOptions } from "./operator-process.ts";
import { type ConfigMap, configMaps, deployments, jobs, pods, reportBytes } from "./stand-in.ts";

// Building the binaries takes many minutes; the cluster's own set-up does it before the tests.
const there = await binariesAreThere(controlPlaneBinaries);

describe.skipIf(!there)("the operator on a real API server", () => {
  let place: OperatorPlace;
  let server: ApiServer;
  let client: KubeClient;

  beforeAll(async () => {
    place = await OperatorPlace.start();
    ({ server, client } = place);
  }, 120_000);

  afterAll(async () => {
    await place?.[Symbol.asyncDispose]();
  });

  const start = (namespace: string, options: ProcessOptions = {}): OperatorProcess =>
    place.startOperator(namespace, options);

  const infdIn = (namespace: string, name = "ocr") => place.infd(namespace, name);

  const converged = (namespace: string, name = "ocr") => place.converged(namespace, name);

  /** All that the operator has made itself: pods are made of what it made. */
  const childrenIn = async (namespace: string) =>
    (await place.objects(namespace)).filter(
      ({ kind, metadata }) => kind !== pods.kind && metadata.labels?.[labelKeys.managedBy] === "sweetspot",
    );

  const namesIn = async (namespace: string): Promise<string[]> =>
    (await childrenIn(namespace)).map(({ kind, metadata }) => `${kind}/${metadata.name}`).sort();

  describe("leads from an applied InferenceDeployment to the measured plan in its pod", () => {
    let operator: OperatorProcess;
    beforeAll(async () => {
      await place.makeDeployment("path");
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
    await place.makeDeployment("deaf", { "metadata.name": "deaf" });
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
    await place.makeDeployment("leftovers", {
      "spec.targets": two,
      "spec.replicas": 2,
      "spec.tuning": { mode: "Disabled" },
    });
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
    await vi.waitFor(async () => expect(await place.reasons(namespace)).toContain("Stalled ObjectRefused"), 20_000);
    const { conditions = [], observedGeneration } = (await infdIn(namespace)).status ?? {};
    expect(conditions.find(({ type }) => type === "Stalled")?.message).toMatch(/deployments.*exceeded quota/s);
    expect(observedGeneration).toBe(1);
    await server.kubectl("delete", "resourcequota", "none", "-n", namespace);
    await converged(namespace);
    expect(await place.reasons(namespace)).toContain("Stalled Progressing");
    await operator.stop();
  }, 90_000);

  it("does not take the Job of an earlier run of the same name for its own", async () => {
    await place.makeDeployment("heirs", { "spec.replicas": 0, "spec.tuning": { mode: "Disabled" } });
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

  it("lets one of two write, and the other take over when it stops", async () => {
    await place.makeDeployment("leaders");
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
