import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { openCluster, runKubectl } from "@sweetspot/cli/kubectl";
import {
  InferenceDeployment,
  PlanHistory,
  parseDocument,
  TrafficReplay,
  TuningReport,
  WhatIfAnswer,
} from "@sweetspot/crds";
import { changed, minimal } from "@sweetspot/crds/testing";
import { countsQuery, httpTransport, kubeconfigConnection, type Transport } from "@sweetspot/operator";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import {
  type ApiServer,
  binariesAreThere,
  controlPlaneBinaries,
  ensureBinaries,
  startApiServer,
} from "../../cluster/src/index.ts";
import { tryRun } from "../../cluster/src/process/run.ts";
import { OperatorProcess } from "./operator-process.ts";
import { StandIn } from "./stand-in.ts";

const root = join(import.meta.dirname, "..", "..", "..");
const manifests = join(root, "charts", "sweetspot", "files", "crds");
const namespace = "shop";
const stranger = { name: "stranger", groups: ["system:authenticated"] };

interface ManagedFields {
  readonly manager: string;
  readonly fieldsV1: object;
}

const there = await binariesAreThere(controlPlaneBinaries);

describe.skipIf(!there)("kubectl sweetspot on a real API server", () => {
  let server: ApiServer;
  let transport: Transport;
  let standIn: StandIn;
  let operator: OperatorProcess;
  let kubectlBinary: string;
  /** Stands for Prometheus: 3,000 requests in each minute of the last hour, all of them good. */
  const queries = new Set<string | null>();
  const prometheus = createServer(({ url }, response) => {
    queries.add(new URL(url ?? "", "http://prometheus").searchParams.get("query"));
    const minute = 60 * Math.floor(Date.now() / 60_000);
    const values = Array.from({ length: 60 }, (_, i) => [minute - 60 * (59 - i), "3000"]);
    const result = [{ metric: { outcome: "Good" }, values }];
    response.end(JSON.stringify({ status: "success", data: { resultType: "matrix", result } }));
  });
  const folder = mkdtempSync(join(tmpdir(), "sweetspot-kubectl-"));

  beforeAll(async () => {
    // kubectl finds a plugin by its name in the PATH.
    symlinkSync(join(root, "cli", "src", "kubectl-main.ts"), join(folder, "kubectl-sweetspot"));
    kubectlBinary = (await ensureBinaries(controlPlaneBinaries)).kubectl;
    server = await startApiServer({ users: [stranger] });
    for (const file of readdirSync(manifests)) await server.kubectl.apply(readFileSync(join(manifests, file), "utf8"));
    await server.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s");
    transport = httpTransport(await kubeconfigConnection({ file: server.kubeconfig }));
    standIn = new StandIn(httpTransport(await kubeconfigConnection({ file: server.kubeconfig })));
    standIn.tells.set(namespace, () => ({ target: { percentile: "P99", latencyMilliseconds: 50 } }));
    standIn.start();
    await once(prometheus.listen(0, "127.0.0.1"), "listening");
    await server.kubectl("create", "namespace", namespace);
    await vi.waitFor(
      () => server.kubectl.apply(changed(minimal.InferenceDeployment, { "metadata.namespace": namespace })),
      20_000,
    );
    const { port } = prometheus.address() as AddressInfo;
    operator = new OperatorProcess(transport, { namespace, prometheusUrl: `http://127.0.0.1:${port}` });
    operator.ended.catch(() => undefined);
    await vi.waitFor(async () => expect((await deployment()).status?.targets?.[0]?.appliedReplicas).toBe(1), 60_000);
  }, 180_000);

  afterAll(async () => {
    await operator?.stop().catch(() => undefined);
    await standIn?.stop();
    prometheus.close().closeAllConnections();
    await transport?.close();
    await server?.stop();
    rmSync(folder, { recursive: true });
  });

  const deployment = async (): Promise<InferenceDeployment> =>
    InferenceDeployment.parse(await server.kubectl.json("get", "infd", "ocr", "-n", namespace));

  /** As a person types it. */
  const typed = (words: string) => {
    const path = [folder, dirname(process.execPath), process.env["PATH"]].join(":");
    const env = { ...process.env, PATH: path, KUBECONFIG: server.kubeconfig };
    return tryRun([kubectlBinary, "sweetspot", ...words.split(" ")], { env });
  };

  /** The same in this process, which begins sooner. */
  const call = async (words: string, user?: string) => {
    const kubeconfig = user === undefined ? server.kubeconfig : server.kubeconfigOf(user);
    const written = { stdout: "", stderr: "" };
    const code = await runKubectl(words.split(" "), {
      terminal: {
        out: (text) => {
          written.stdout += text;
        },
        error: (text) => {
          written.stderr += text;
        },
        ...{ interactive: false, outInteractive: false, columns: 100 },
      },
      signals: { source: process, now: () => performance.now() },
      endNow: () => undefined,
      loadTuner: () => Promise.reject(new Error("nothing is tuned here")),
      openCluster: (options) => openCluster({ kubeconfig, ...options }),
      now: () => Date.now(),
    });
    return { code, ...written };
  };

  const says = async (words: string): Promise<string> => {
    const { code, stdout, stderr } = await call(words);
    expect([code, stderr]).toEqual([0, ""]);
    return stdout;
  };

  const targetOf = async () => (await deployment()).status?.targets?.[0];

  it("is found by kubectl, and reads its kubeconfig", async () => {
    const { code, stdout, stderr } = await typed("status ocr --namespace shop");
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^NAME .*\nocr +x64 +1\/1 +/);
  });

  describe("shows", () => {
    it("how each target is served, in one table", async () => {
      const [titles = "", row = "", ...more] = (await says(`status -n ${namespace}`)).trimEnd().split("\n");
      expect(more).toEqual([]);
      expect(titles).toMatch(/^NAME +TARGET +READY +WINNER +LATENCY +GOAL +CAPACITY +PROMISE +DOING$/);
      const { winner } = (await targetOf()) ?? {};
      expect(row).toMatch(/^ocr +x64 +1\/1 +/);
      expect(row).toContain(`${winner}`);
      expect(row).toContain("P99 < 50 ms");
      expect(await says("status -A")).toMatch(/^NAMESPACE .*\nshop +ocr +x64 /);
    });

    it("every condition of one, with what to do", async () => {
      const page = await says(`status ocr -n ${namespace}`);
      const { conditions = [] } = (await deployment()).status ?? {};
      expect(conditions.length).toBeGreaterThan(6);
      for (const { type, status, reason } of conditions)
        expect(page).toContain(`\n${type}: ${status}, ${reason}, for `);
      expect(parseDocument(InferenceDeployment, await says(`status ocr -n ${namespace} --json`), "it")).toMatchObject({
        metadata: { name: "ocr" },
      });
    });

    it("that the promise is kept, by what Prometheus counted", async () => {
      const page = () => says(`status ocr -n ${namespace}`);
      await vi.waitFor(async () => expect(await page()).toContain("ServiceLevelMet: True, Kept, "), 30_000);
      expect(await page()).toContain("ReportsReceived: True, Received, ");
      expect([...queries]).toEqual([countsQuery({ namespace, deployment: "ocr", target: "x64" })]);
    });

    it("the whole report of the tuning, from its ConfigMap", async () => {
      const report = parseDocument(TuningReport, await says(`report ocr -n ${namespace} --json`), "the report");
      expect(await says(`report ocr -n ${namespace}`)).toContain(report.decision.reason);
      const page = join(folder, "report.html");
      const { code, stderr } = await call(`report ocr -n ${namespace} --out ${page}`);
      expect([code, stderr]).toEqual([0, `Wrote ${page}\n`]);
      expect(readFileSync(page, "utf8")).toMatch(/^<!doctype html>/i);
    });

    it("what would be at another rate, without measuring", async () => {
      const answer = parseDocument(
        WhatIfAnswer,
        await says(`what-if ocr -n ${namespace} --rate 2x --json`),
        "the answer",
      );
      const usual = parseDocument(WhatIfAnswer, await says(`what-if ocr -n ${namespace} --json`), "the answer");
      expect(answer.asked.requestsPerSecond).toBe(2 * usual.asked.requestsPerSecond);
    });

    it("what recorded traffic would have met under each plan, once there is any", async () => {
      expect(await call(`replay ocr -n ${namespace}`)).toMatchObject({
        code: 8,
        stderr: expect.stringContaining("No traffic of target x64 of ocr was recorded yet"),
      });
      const history = parseDocument(PlanHistory, await says(`history ocr -n ${namespace} --json`), "the history");
      const breach = {
        ...{ at: new Date().toISOString(), revision: history.serving, pods: 1, badShare: 0.1, slowdown: 1 },
        ...{ requests: new Array(60).fill(20), lengths: [0, 0, 0, 0, 1200], rows: [1200] },
      };
      const text = JSON.stringify({ ...history, recorded: { breach } });
      const patch = JSON.stringify({ data: { "history.json": text } });
      await server.kubectl("patch", "configmap", "ocr-x64.history", "-n", namespace, "--type=merge", "-p", patch);
      const replay = parseDocument(TrafficReplay, await says(`replay ocr -n ${namespace} --json`), "the replay");
      const served = replay.records[0]?.plans.find((plan) => plan.served);
      expect(served).toMatchObject({ name: history.serving, problem: null });
      for (const command of ["replay", "report"]) {
        expect(await says(`${command} ocr -n ${namespace}`)).toContain(`\n${history.serving} (served) `);
      }
    });

    it("the plans, and why it is served as it is", async () => {
      const history = parseDocument(PlanHistory, await says(`history ocr -n ${namespace} --json`), "the history");
      expect(await says(`history ocr -n ${namespace}`)).toContain(`\n${history.serving} `);
      const page = await says(`explain ocr -n ${namespace}`);
      for (const question of ["Does it serve?", "x64: What is served, and why?"]) expect(page).toContain(question);
      expect(page).toContain(history.serving);
    });
  });

  describe("asks the operator", () => {
    it("for a new measurement, then to go back, then to stay with a plan", async () => {
      const first = (await targetOf())?.planRevision;
      expect(await call(`rollback ocr -n ${namespace}`)).toMatchObject({
        code: 8,
        stderr: expect.stringContaining("has a plan to go back to"),
      });
      expect(await says(`retune ocr -n ${namespace}`)).toMatch(/^Asked for a new measurement of x64\./);
      await vi.waitFor(async () => expect((await targetOf())?.planRevision).not.toBe(first), 60_000);
      const second = (await targetOf())?.planRevision;
      expect(await says(`rollback ocr -n ${namespace}`)).toBe(`Asked to go back: x64 from ${second} to ${first}.\n`);
      await vi.waitFor(async () => expect((await targetOf())?.planRevision).toBe(first), 60_000);
      expect(await says(`pin ocr ${second} -n ${namespace}`)).toContain(`Pinned ${second}`);
      await vi.waitFor(async () => expect((await targetOf())?.planRevision).toBe(second), 60_000);
      expect(await says(`explain ocr -n ${namespace}`)).toContain(`The plan ${second} is pinned`);
      await says(`unpin ocr -n ${namespace}`);
      await vi.waitFor(async () => expect((await targetOf())?.planRevision).toBe(first), 60_000);
    }, 200_000);
  });

  describe("kubectl scale, as autoscalers do it,", () => {
    it("sets the replicas, of which the operator owns none", async () => {
      await server.kubectl("scale", "infd/ocr", "--replicas=2", "-n", namespace);
      const path = `/apis/sweetspot.dev/v1alpha1/namespaces/${namespace}/inferencedeployments/ocr/scale`;
      const scale = async () => JSON.parse(await server.kubectl("get", "--raw", path));
      await vi.waitFor(
        async () => expect(await scale()).toMatchObject({ spec: { replicas: 2 }, status: { replicas: 2 } }),
        {
          timeout: 30_000,
          interval: 200,
        },
      );
      const { selector } = (await scale()).status;
      const { items } = await server.kubectl.json<{ items: unknown[] }>("get", "pods", "-n", namespace, "-l", selector);
      expect(items).toHaveLength(2);
      const shown = ["get", "infd", "ocr", "-n", namespace, "--show-managed-fields"];
      const { metadata } = await server.kubectl.json<{ metadata: { managedFields: ManagedFields[] } }>(...shown);
      const own = metadata.managedFields.filter(({ manager }) => manager === "sweetspot.dev/operator");
      expect(own.length).toBeGreaterThan(0);
      expect(own.filter(({ fieldsV1 }) => "f:spec" in fieldsV1)).toEqual([]);
    }, 60_000);

    it("is what the example asks for, and the API server takes it and the network policies", async () => {
      for (const example of ["hpa.yaml", "network-policy.yaml"]) {
        const file = join(root, "charts", "sweetspot", "examples", example);
        await server.kubectl("apply", "--dry-run=server", "--validate=strict", "-n", namespace, "-f", file);
      }
    });
  });

  it.each([
    ["report tesseract -n shop", 8, /There is no InferenceDeployment tesseract in namespace shop\. .*status -A/],
    ["report ocr -n shop --target arm", 8, /has no target arm\. It has x64\./],
    ["pin ocr nothing -n shop", 8, /There is no plan nothing\. The history has: ocr-x64-/],
    ["unpin ocr -n shop", 8, /ocr is not pinned/],
    ["status --kubeconfig /nowhere", 3, /no usable kubeconfig/],
    ["status --context nowhere", 3, /--context/],
    ["dance", 2, /unknown command/],
  ])("answers `%s` with code %i and a sentence", async (words, code, expected) => {
    const result = await call(words);
    expect([result.code, result.stdout]).toEqual([code, ""]);
    expect(result.stderr).toMatch(expected);
  });

  it("says that one may not, who the cluster knows and has given no rights", async () => {
    const result = await call(`status -n ${namespace}`, stranger.name);
    expect(result).toMatchObject({ code: 8, stdout: "", stderr: expect.stringContaining("You may not do that") });
  });
});
