import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type ApiServer,
  type AuditEvent,
  binariesAreThere,
  controlPlaneBinaries,
  startApiServer,
} from "../../../test/cluster/src/index.ts";
import type { ApiError } from "./client/api-error.ts";
import { KubeClient, type WatchOptions } from "./client/client.ts";
import { type EventObject, events } from "./events/event-record.ts";
import {
  done,
  httpTransport,
  type KubernetesObject,
  keyOfObject,
  kubeconfigConnection,
  LeaseLostError,
  Manager,
  type ReconcileContext,
  type Resource,
  type Transport,
} from "./index.ts";
import { leases } from "./lease/lease-record.ts";
import { type ConfigMap, configMap, configMaps, silentLogger } from "./testing/fixtures.ts";

interface Deployment extends KubernetesObject {
  readonly spec?: unknown;
  readonly status?: { readonly replicas?: number };
}

const deployments: Resource<Deployment> = {
  group: "apps",
  version: "v1",
  plural: "deployments",
  kind: "Deployment",
  namespaced: true,
};
const pods: Resource = { group: "", version: "v1", plural: "pods", kind: "Pod", namespaced: true };

const there = await binariesAreThere(controlPlaneBinaries);
const mapOf = (name: string, data?: Record<string, string>, labels = {}): ConfigMap =>
  configMap(name, data, { namespace: "default", labels });
const errorOf = (promise: Promise<unknown>): Promise<ApiError> =>
  promise.then(
    () => Promise.reject(new Error("it succeeded")),
    (error) => error,
  );

async function until(condition: () => boolean | Promise<boolean>, milliseconds = 20_000): Promise<void> {
  const end = performance.now() + milliseconds;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`Not true after ${milliseconds} ms: ${condition}`);
    await delay(50);
  }
}

const isConfigMapWrite = ({ verb, objectRef }: AuditEvent): boolean =>
  objectRef?.resource === "configmaps" && !["get", "list", "watch"].includes(verb);

/** A manager that gives each ConfigMap of role `parent` a child, and says so in an Event. */
function parentsAndChildren(transport: Transport): Manager {
  const manager = new Manager({
    transport,
    logger: silentLogger,
    name: "example.dev/operator",
    identity: "pod-1",
    lease: { namespace: "default", name: "convergence" },
    healthPort: null,
  });
  const parents = manager.cache(configMaps, { namespace: "default", labels: { role: "parent" } });
  const children = manager.cache(configMaps, { labels: { role: "child" } });
  const reconcile = async (key: string, { signal }: ReconcileContext) => {
    const parent = parents.get(key);
    if (parent === undefined) return done;
    const { name, uid = "" } = parent.metadata;
    const ownerReferences = [{ apiVersion: "v1", kind: "ConfigMap", name, uid }];
    const metadata = { namespace: "default", name: `${name}-child`, labels: { role: "child" }, ownerReferences };
    const { written } = await manager.applier.apply(children, { metadata, data: { from: name } }, { signal });
    const told = { type: "Normal", reason: "Made", action: "Make", note: `Made ${metadata.name}.` } as const;
    if (written) manager.events.record({ resource: configMaps, object: parent, ...told });
    return done;
  };
  manager
    .controller({ name: "children", reconcile })
    .watch(parents, ({ object }) => [keyOfObject(object)])
    .watch(children, ({ object }) => (object.metadata.ownerReferences ?? []).map(({ name }) => `default/${name}`));
  return manager;
}

/** As a kubelet would: a process that ended because it lost its lease begins anew, under the same identity. */
async function liveOnAndOn(transport: Transport, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    await parentsAndChildren(transport)
      .run(stop)
      .catch((error) => {
        if (!(error instanceof LeaseLostError)) throw error;
      });
  }
}

describe.skipIf(!there)("the runtime against a real kube-apiserver", () => {
  let server: ApiServer;
  let transport: Transport;
  let client: KubeClient;

  beforeAll(async () => {
    server = await startApiServer({ audit: true });
    transport = httpTransport(await kubeconfigConnection({ file: server.kubeconfig }));
    client = new KubeClient({ transport });
  }, 120_000);
  afterAll(async () => {
    await transport?.close();
    await server?.stop();
  });

  it("lists by pages and selectors (I1)", async () => {
    for (let at = 0; at < 5; at++) await client.create(configMaps, mapOf(`page-${at}`, {}, { set: "pages" }));
    const list = await client.list(configMaps, { namespace: "default", labelSelector: "set=pages", pageSize: 2 });
    expect(list.items.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual(
      [0, 1, 2, 3, 4].map((at) => `ConfigMap page-${at}`),
    );
    expect(Number(list.resourceVersion)).toBeGreaterThanOrEqual(Number(list.items[4]?.metadata.resourceVersion));
    const one = await client.list(configMaps, { fieldSelector: "metadata.name=page-3" });
    expect(one.items.length).toBe(1);
  });

  it("watches with bookmarks (I1)", async () => {
    const { resourceVersion } = await client.list(configMaps);
    const options: WatchOptions = { resourceVersion, timeoutSeconds: 4, quietMs: 30_000, namespace: "default" };
    const seen: string[] = [];
    const watching = (async () => {
      for await (const { type, object } of client.watch(configMaps, options))
        seen.push(`${type} ${object.metadata.name}`);
    })();
    await client.create(configMaps, mapOf("watched"));
    await client.mergePatch(configMaps, mapOf("watched").metadata, { data: { x: "1" } });
    await client.delete(configMaps, mapOf("watched").metadata);
    await watching;
    expect(seen.slice(0, 3)).toEqual(["ADDED watched", "MODIFIED watched", "DELETED watched"]);
    expect(seen.at(-1)).toMatch(/^BOOKMARK/);
  });

  it("applies with force, keeps others' fields, and guards by UID and version (I1)", async () => {
    const { metadata } = await client.create(configMaps, mapOf("applied", { theirs: "1", both: "1" }));
    const options = { fieldManager: "me" };
    const applied = await client.apply(configMaps, mapOf("applied", { both: "2" }), options);
    expect(applied.data).toEqual({ theirs: "1", both: "2" });
    expect((await client.apply(configMaps, mapOf("applied", { both: "2" }), options)).metadata.resourceVersion).toBe(
      applied.metadata.resourceVersion,
    );
    expect(
      (await errorOf(client.apply(configMaps, mapOf("applied", { theirs: "3" }), { ...options, force: false })))
        .conflict,
    ).toBe(true);
    expect((await errorOf(client.delete(configMaps, metadata, { uid: "another" }))).conflict).toBe(true);
    expect((await errorOf(client.replace(configMaps, { metadata, data: {} }))).conflict).toBe(true);
    expect(await client.delete(configMaps, metadata, { uid: metadata.uid })).toBe(true);
    expect(await client.delete(configMaps, metadata)).toBe(false);
    const ghost = { ...mapOf("applied"), metadata: { ...mapOf("applied").metadata, uid: metadata.uid ?? "" } };
    expect((await errorOf(client.apply(configMaps, ghost, options))).status).toBe(409);
  });

  it("applies the status apart from the spec (I1)", async () => {
    const labels = { app: "x" };
    const spec = {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: "c", image: "i" }] } },
    };
    const metadata = { namespace: "default", name: "d" };
    await client.apply(deployments, { metadata, spec }, { fieldManager: "me" });
    const options = { fieldManager: "me", subresource: "status" };
    const answered = await client.apply(deployments, { metadata, status: { replicas: 3 } }, options);
    expect(answered.status?.replicas).toBe(3);
    expect(
      (await errorOf(client.apply(deployments, { metadata: { ...metadata, name: "none" } }, options))).notFound,
    ).toBe(true);
  });

  it("reads nothing from a pod without a node, and says why when the node cannot be asked (I1)", async () => {
    const containers = [{ name: "c", image: "i" }];
    const pod = (name: string, spec: object) => ({ metadata: { namespace: "default", name }, spec });
    await client.create(pods, pod("waits", { containers }));
    await client.create(pods, pod("lost", { containers, nodeName: "nowhere" }));
    const options = { limitBytes: 100, tailLines: 5 };
    expect(await client.podLog({ namespace: "default", name: "waits" }, options)).toBe("");
    const error = await errorOf(client.podLog({ namespace: "default", name: "lost" }, options));
    expect(error.message).toContain("nowhere");
  });

  it("converges, then writes nothing, and repairs what changed while the API server was away (I2)", async () => {
    for (let at = 0; at < 20; at++) await client.create(configMaps, mapOf(`parent-${at}`, {}, { role: "parent" }));
    const stop = new AbortController();
    const lives = liveOnAndOn(transport, stop.signal);
    const children = async () => (await client.list(configMaps, { labelSelector: "role=child" })).items;
    await until(async () => (await children()).length === 20);
    const made = async () => (await client.list<EventObject>(events)).items.filter(({ reason }) => reason === "Made");
    await until(async () => (await made()).length === 20);
    const writes = () => server.auditLog().filter(isConfigMapWrite).length;
    const before = writes();
    await delay(3_000);
    expect(writes()).toBe(before);

    await server.restart();
    // A server that has just begun knows no history, as one that was compacted.
    const past = client.watch(configMaps, { resourceVersion: "1", timeoutSeconds: 5, quietMs: 10_000 });
    expect((await errorOf(past.next())).gone).toBe(true);
    const seventh = { namespace: "default", name: "parent-7-child" };
    await client.mergePatch(configMaps, seventh, { data: { from: "tampered" } });
    await until(async () => (await client.get(configMaps, seventh)).data?.["from"] === "parent-7", 30_000);
    stop.abort();
    await lives;
    const lease = await client.get(leases, { namespace: "default", name: "convergence" });
    expect(lease.spec?.holderIdentity ?? "").toBe("");
  }, 90_000);

  it("lets a leader that was stopped and continued write nothing after its successor (I3)", async () => {
    const program = fileURLToPath(new URL("./testing/leader-program.ts", import.meta.url));
    const start = (identity: string): ChildProcess =>
      spawn(process.execPath, [program, server.kubeconfig, identity], { stdio: ["ignore", "pipe", "inherit"] });
    const versions = async (identity: string): Promise<number[]> => {
      const { items } = await client.list(configMaps, { namespace: "default" });
      const mine = items.filter(({ metadata }) => metadata.name.startsWith(`by-${identity}-`));
      return mine.map(({ metadata }) => Number(metadata.resourceVersion));
    };
    const first = start("first");
    const second = start("second");
    try {
      await until(async () => (await versions("first")).length + (await versions("second")).length > 10);
      const firstLeads = (await versions("first")).length > 0;
      const [leader, successor, old, next] = firstLeads
        ? [first, second, "first", "second"]
        : [second, first, "second", "first"];
      leader.kill("SIGSTOP");
      await until(async () => (await versions(next)).length > 20);
      const exited = once(leader, "exit");
      leader.kill("SIGCONT");
      expect((await exited)[0]).toBe(3);
      await delay(500);
      expect(Math.max(...(await versions(old)))).toBeLessThan(Math.min(...(await versions(next))));
      const stopped = once(successor, "exit");
      successor.kill("SIGTERM");
      expect((await stopped)[0]).toBe(0);
    } finally {
      for (const child of [first, second]) child.kill("SIGKILL");
    }
  }, 90_000);
});
