import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Cluster } from "../cluster.ts";
import { withoutCluster } from "../testing/host.ts";
import { leftovers } from "../testing/leftovers.ts";
import { pinnedPod, probeImage, writeDataImage, writeProbeImage } from "../testing/probe-image.ts";
import { parseCpuList } from "./plan.ts";
import { localProvider } from "./provider.ts";
import { existingRecord } from "./record.ts";

const name = "e2e-two-nodes";
let cluster: Cluster;

beforeAll(async () => {
  if (withoutCluster) return;
  const folder = mkdtempSync(join(tmpdir(), "sweetspot-images-"));
  const [probe, data] = [join(folder, "probe.tar"), join(folder, "data.tar")];
  await writeProbeImage(probe);
  writeDataImage(data, "from an image\n");
  const labels = { "sweetspot.test/class": "small" };
  cluster = await localProvider.create({ name, nodes: 2, labels, images: [probe] });
  await cluster.load(probe);
  await cluster.load(data);
  rmSync(folder, { recursive: true });
  await cluster.kubectl.apply([pinnedPod("a", "node1"), pinnedPod("b", "node2")]);
  await cluster.kubectl("wait", "--for=condition=Ready", "pod/a", "pod/b", "--timeout=60s");
}, 240_000);

afterAll(async () => {
  await cluster?.down();
}, 60_000);

const inPod = (pod: string, ...args: string[]) => cluster.kubectl("exec", pod, "--", "/probe", ...args);
const field = (kind: string, object: string, path: string) =>
  cluster.kubectl("get", kind, object, "-o", `jsonpath={${path}}`);

test.skipIf(withoutCluster)("gives each of two Guaranteed pods a CPU of its own", async () => {
  const cpusOf = async (pod: string) => {
    const status = await inPod(pod, "cat", "/proc/self/status");
    return parseCpuList(/^Cpus_allowed_list:\s*(.*)$/m.exec(status)?.[1] ?? "");
  };
  const [a, b] = [await cpusOf("a"), await cpusOf("b")];
  expect([a.length, b.length]).toEqual([1, 1]);
  expect(a).not.toEqual(b);
  expect(await field("pod", "a", ".status.qosClass")).toBe("Guaranteed");
});

test.skipIf(withoutCluster)("labels its nodes and reports the version that it was built from", async () => {
  for (const node of cluster.nodes) {
    expect(await field("node", node, ".metadata.labels.sweetspot\\.test/class")).toBe("small");
    expect(await field("node", node, ".status.nodeInfo.kubeletVersion")).toMatch(/^v1\.37\.\d+$/);
  }
});

test.skipIf(withoutCluster)(
  "carries HTTP between nodes, through Services by address and name, to the API server and from the host",
  async () => {
    await cluster.kubectl("expose", "pod", "b", "--port=80", "--target-port=8080");
    await cluster.kubectl("expose", "pod", "a", "--port=80", "--target-port=8080");
    const podIp = await field("pod", "b", ".status.podIP");
    const [toA, toB] = [await field("service", "a", ".spec.clusterIP"), await field("service", "b", ".spec.clusterIP")];
    const api = await field("service", "kubernetes", ".spec.clusterIP");
    expect(await inPod("a", "get", `http://${podIp}:8080/across`)).toBe("hello from b\n");
    await expect.poll(() => inPod("a", "get", `http://${toB}/`), { timeout: 10_000 }).toBe("hello from b\n");
    await expect.poll(() => inPod("b", "get", `http://${toA}/`), { timeout: 10_000 }).toBe("hello from a\n");
    expect(await inPod("a", "get", `http://${toA}/to-itself`)).toBe("hello from a\n");
    expect(await inPod("b", "get", "http://a.default.svc.cluster.local/by-name")).toBe("hello from a\n");
    expect(await inPod("b", "get", `https://${api}/readyz`)).toBe("ok");
    expect(await inPod("a", "get", "https://kubernetes.default/readyz")).toBe("ok");
    expect(await (await fetch(`http://${podIp}:8080/`)).text()).toBe("hello from b\n");
    expect(await (await fetch(`http://${toB}/`)).text()).toBe("hello from b\n");
    expect(await cluster.kubectl("logs", "b")).toContain("request /across");
  },
);

test.skipIf(withoutCluster)("keeps users of the host from the kubelet, which asks for no credentials", async () => {
  const address = await field("node", "node1", '.status.addresses[?(@.type=="InternalIP")].address');
  const answer = fetch(`https://${address}:10250/healthz`, { signal: AbortSignal.timeout(1000) });
  await expect(answer).rejects.toThrow(/timeout/);
});

test.skipIf(withoutCluster)("mounts an image as a volume", async () => {
  expect(await inPod("a", "cat", "/mounted/data/note.txt")).toBe("from an image\n");
});

test.skipIf(withoutCluster)("refuses an unsafe pod in a restricted namespace", async () => {
  await cluster.kubectl("create", "namespace", "strict");
  await cluster.kubectl("label", "namespace", "strict", "pod-security.kubernetes.io/enforce=restricted");
  const refused = await cluster.kubectl.attempt("run", "unsafe", "-n", "strict", `--image=${probeImage}`);
  expect(refused.code).not.toBe(0);
  expect(refused.stderr).toContain('violates PodSecurity "restricted:latest"');
  const pod = pinnedPod("safe", "node1") as { metadata: { namespace: string } };
  pod.metadata.namespace = "strict";
  expect(await cluster.kubectl.apply(pod, "--dry-run=server")).toContain("pod/safe");
});

test.skipIf(withoutCluster)(
  "serves on while the API server and a kubelet are stopped, and has lost nothing",
  async () => {
    const podIp = await field("pod", "b", ".status.podIP");
    const uid = await field("pod", "b", ".metadata.uid");
    await cluster.component("kube-apiserver").stop();
    await cluster.component("kubelet", "node2").stop();
    expect(await localProvider.state(name)).toContain("stopped: kube-apiserver on node1, kubelet on node2");
    expect(await (await fetch(`http://${podIp}:8080/`)).text()).toBe("hello from b\n");
    expect((await cluster.kubectl.attempt("get", "pods")).code).not.toBe(0);
    await cluster.component("kube-apiserver").start();
    await cluster.component("kubelet", "node2").start();
    expect(await field("pod", "b", ".metadata.uid")).toBe(uid);
    await expect.poll(() => inPod("b", "get", "http://127.0.0.1:8080/"), { timeout: 30_000 }).toBe("hello from b\n");
  },
  90_000,
);

test.skipIf(withoutCluster)("writes every request to the audit log, with its user and verb", async () => {
  const events = await cluster.auditLog();
  const created = events.filter((event) => event.verb === "create" && event.objectRef?.resource === "namespaces");
  expect(created.map((event) => [event.user.username, event.objectRef?.name])).toContainEqual(["admin", "strict"]);
  expect(events.some((event) => event.user.username === "system:node:node2")).toBe(true);
});

test.skipIf(withoutCluster)(
  "leaves nothing behind when it is taken down",
  async () => {
    const record = existingRecord(name);
    expect((await leftovers(record)).length).toBeGreaterThan(0);
    await cluster.down();
    expect(await leftovers(record)).toEqual([]);
    await cluster.down();
  },
  60_000,
);
