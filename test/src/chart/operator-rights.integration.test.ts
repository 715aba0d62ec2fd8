import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createOperator, EventRecorder, type Logger, systemClock } from "@sweetspot/operator";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Kubectl } from "../../cluster/src/index.ts";
import { grantsOf, rightsOf, rightsUsed } from "./grants.ts";
import { operatorUser, release } from "./helm.ts";
import { type Installed, install, withoutApiServer } from "./installed.ts";

const namespace = "shop";
const account = "sweetspot-operator";
const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };
const image = "example.com/image:1";
const result = readFileSync(join(import.meta.dirname, "../../../crds/samples/TuningResult.json"), "utf8");

/** Asks for a measurement at once: there are no pods here that could serve before. */
const model = {
  apiVersion: "sweetspot.dev/v1alpha1",
  kind: "InferenceDeployment",
  metadata: { name: "ocr", namespace },
  spec: {
    model: { uri: "oci://example.com/model:1" },
    serviceLevel: { latencyMilliseconds: 50 },
    targets: [{ name: "first", resources: { cpu: "1", memory: "1Gi" } }],
    workload: { samples: { configMap: { name: "samples", key: "samples.jsonl" } } },
    rollout: { initial: "WaitForTuning" },
  },
};
const samples = {
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "samples", namespace },
  data: { "samples.jsonl": "{}" },
};

interface Stored {
  readonly metadata: { readonly name: string; readonly uid: string; readonly annotations?: Record<string, string> };
  readonly spec: { readonly template: { readonly metadata: { readonly labels: Record<string, string> } } };
}

/** A pod as the controllers of a whole cluster would make it from a template. */
const podOf = (name: string, labels: object, container: string, more: object = {}) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace, labels, ...more },
  spec: {
    securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
    containers: [
      {
        name: container,
        image,
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
      },
    ],
  },
});

const seen = (check: () => Promise<unknown>): Promise<unknown> => vi.waitFor(check, { timeout: 20_000, interval: 200 });

describe.skipIf(withoutApiServer)("the operator with the rights that the chart grants", () => {
  let installed: Installed;
  let kubectl: Kubectl;
  let operator: ReturnType<typeof createOperator>;
  const stop = new AbortController();
  let running: Promise<void>;

  const inShop = (...args: string[]) => kubectl("-n", namespace, ...args);
  const get = async <T = Stored>(kind: string): Promise<T[]> =>
    (await kubectl.json<{ items: T[] }>("-n", namespace, "get", kind)).items;
  const setStatus = (kind: string, name: string, status: object) =>
    inShop("patch", kind, name, "--subresource=status", "--type=merge", "-p", JSON.stringify({ status }));
  const rights = () => rightsUsed(installed.server.auditLog(), operatorUser);

  beforeAll(async () => {
    installed = await install({ namespaces: [namespace] });
    kubectl = installed.server.kubectl;
    operator = createOperator({
      transport: installed.transport,
      logger: silent,
      settings: {
        ...{ serverImage: image, tunerImage: image, imagePullPolicy: "IfNotPresent" as const },
        ...{ imagePullSecrets: [], nodeClassLabels: [], drainSeconds: 0, baselineSeconds: 300 },
        prometheusUrl: null,
        modelSources: { allowedNetworks: [], maximumBytes: 2 ** 33, huggingFaceEndpoint: "https://huggingface.co" },
      },
      identity: "operator-1",
      lease: { namespace: release.namespace, name: account },
      namespace: undefined,
      healthPort: null,
    });
    running = operator.run(stop.signal);
    await kubectl.apply([samples, model]);
  }, 120_000);

  afterAll(async () => {
    stop.abort();
    await running;
    await installed[Symbol.asyncDispose]();
  });

  it("makes what serves and what measures", async () => {
    await seen(async () => expect((await get("deployments")).length).toBe(1));
    await seen(async () => expect((await get("jobs")).length).toBe(1));
  });

  it("reads the log of a measurement that has ended, and ends the Job of one that was given up", async () => {
    const [job] = (await get("jobs")) as [Stored];
    const { name, uid } = job.metadata;
    const ownerReferences = [{ apiVersion: "batch/v1", kind: "Job", name, uid, controller: true }];
    await kubectl.apply(podOf("tuner", job.spec.template.metadata.labels, "tuner", { ownerReferences }));
    const terminated = { exitCode: 0, message: result, startedAt: null, finishedAt: null };
    const ended = { name: "tuner", image, imageID: "", ready: false, restartCount: 0, state: { terminated } };
    await setStatus("pod", "tuner", { phase: "Succeeded", containerStatuses: [ended] });
    await seen(async () => expect(rights()).toContain("pods/log get"));
    const time = "2026-03-14T09:26:53Z";
    const failed = {
      type: "Failed",
      status: "True",
      reason: "JobKilled",
      message: "By hand.",
      lastTransitionTime: time,
    };
    // A pod that has ended is kept for its log; only one that still measures is in the way.
    await setStatus("pod", "tuner", { phase: "Running" });
    await setStatus("job", name, { active: 1, startTime: time });
    await setStatus("tuningrun", name, { conditions: [failed], finishedAt: new Date().toISOString() });
    await seen(async () => expect((await get("jobs")).map((one) => one.metadata.name)).not.toContain(name));
  });

  it("takes a plan back from a pod that should have none", async () => {
    const [deployment] = (await get("deployments")) as [Stored];
    const annotations = { "sweetspot.dev/plan": "{}" };
    await kubectl.apply(podOf("server", deployment.spec.template.metadata.labels, "server", { annotations }));
    await seen(async () => {
      const server = (await get("pods")).find(({ metadata }) => metadata.name === "server");
      expect(server?.metadata.annotations).toBeUndefined();
    });
  });

  it("removes everything of a target that is no longer wanted", async () => {
    // The report belongs to its run, and would go with it where a garbage collector runs.
    await inShop(
      "patch",
      "infd",
      "ocr",
      "--type=json",
      "-p",
      '[{"op":"replace","path":"/spec/targets/0/name","value":"second"}]',
    );
    await seen(async () => {
      for (const kind of ["deployments", "configmaps", "serviceaccounts", "poddisruptionbudgets", "tuningruns"]) {
        const names = (await get(kind)).map(({ metadata }) => metadata.name);
        expect([kind, names.filter((name) => name.startsWith("ocr-first") && !name.endsWith("-report"))]).toEqual([
          kind,
          [],
        ]);
      }
    });
  });

  it("counts events that repeat", async () => {
    // The operator's own recorder does so after half a minute.
    const source = { controller: "sweetspot.dev/operator", instance: "operator-1" };
    const events = new EventRecorder({ client: operator.client, clock: systemClock, source, refreshMs: 0 });
    const note = { type: "Normal" as const, reason: "Told", action: "Tell", note: "Twice." };
    const resource = {
      group: "sweetspot.dev",
      version: "v1alpha1",
      kind: "InferenceDeployment",
      plural: "x",
      namespaced: true,
    };
    const end = new AbortController();
    const sent = events.run(end.signal);
    const tell = () => events.record({ resource, object: { metadata: { name: "ocr", namespace } }, ...note });
    tell();
    await seen(async () => expect(rights()).toContain("events.events.k8s.io create"));
    tell();
    await seen(async () => expect(rights()).toContain("events.events.k8s.io patch"));
    end.abort();
    await sent;
  });

  it("was refused nothing, and used every right that it has", async () => {
    stop.abort();
    await running;
    const asked = installed.server.auditLog().filter(({ user }) => user.username === operatorUser);
    const refused = asked.filter(({ responseStatus }) => responseStatus?.code === 403);
    expect(refused.map(({ verb, requestURI }) => `${verb} ${requestURI}`)).toEqual([]);
    expect(rights()).toEqual(rightsOf(grantsOf(installed.objects, account)));
  });
});
