import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { type Binaries, ensureBinaries } from "../binaries/binaries.ts";
import { allBinaries } from "../binaries/catalogue.ts";
import type { ClusterOptions } from "../cluster.ts";
import { ClusterError } from "../cluster-error.ts";
import { waitUntil } from "../control-plane/readiness.ts";
import { kubectlFor } from "../kubectl.ts";
import { lockFile } from "../process/lock.ts";
import { createCgroup } from "./cgroups.ts";
import { startComponent } from "./components.ts";
import { hostPath, kubeconfigFile, prepareControlPlane, writeKubeconfigs } from "./control-plane.ts";
import { clusterLock, removeLocked } from "./down.ts";
import { linkImages } from "./image-store.ts";
import { loadPause } from "./images.ts";
import { prepareNameService } from "./name-service.ts";
import { runtimeFolder, startNamespaces } from "./namespaces.ts";
import { connect, hostRoutes } from "./network.ts";
import { cniConfig, containerdConfig, kubeletConfig, nodePaths } from "./node-config.ts";
import { freeOctet, nodePlan, parseCpuList } from "./plan.ts";
import {
  bootId,
  type ClusterRecord,
  checkName,
  clusterNames,
  existingRecord,
  type NodeRecord,
  newClusterId,
  readRecord,
  stateRoot,
  updateRecord,
  writeRecord,
} from "./record.ts";
import { checkRequirements, existingCniFolders, mayLowerOomScores } from "./requirements.ts";

const readyMilliseconds = 90_000;

/**
 * Makes a cluster of this name, after removing what an earlier one has left. On failure everything is removed again.
 * Throws `ClusterError` when the host lacks something, or another command works on this cluster.
 */
export async function createCluster(options: ClusterOptions): Promise<void> {
  checkName(options.name);
  checkRequirements();
  const binaries = await ensureBinaries(allBinaries, options.say);
  await using _lock = await clusterLock(options.name);
  await removeLocked(options.name);
  try {
    await make(options, binaries);
  } catch (error) {
    await removeLocked(options.name);
    throw error;
  }
}

async function make(options: ClusterOptions, binaries: Binaries): Promise<void> {
  const { name } = options;
  const say = options.say ?? (() => undefined);
  await claim(options, binaries);
  say("making namespaces and network");
  await makeNodes(name);
  say("starting the control plane and the container runtimes");
  await Promise.all([startControlPlane(name), startRuntimes(name)]);
  say("starting the nodes");
  for (const node of existingRecord(name).nodes) {
    await startComponent(name, "kubelet", node.name);
    await startComponent(name, "kube-proxy", node.name);
  }
  await waitForNodes(existingRecord(name));
  updateRecord(name, () => ({ phase: "ready" }));
}

/** Chooses the addresses and writes the record, before anything is made; one command at a time. */
async function claim({ name, nodes, labels = {}, images = [] }: ClusterOptions, binaries: Binaries): Promise<void> {
  await using _lock = await lockFile(join(stateRoot(), "locks", ".addresses"));
  const others = clusterNames()
    .map(readRecord)
    .filter((record) => record !== null);
  const octet = freeOctet(name, new Set(others.map((record) => record.octet)), await hostRoutes());
  if (octet === null) throw new ClusterError("No free range in 10.64.0.0 to 10.191.255.255: take other clusters down.");
  const cpus = parseCpuList(readFileSync("/sys/devices/system/cpu/online", "utf8"));
  if (cpus.length < 2) throw new ClusterError("Exclusive CPUs need a machine with two CPUs or more; this one has one.");
  const plans = Array.from({ length: nodes }, (_, index) => nodePlan(name, octet, { index, count: nodes }, cpus));
  writeRecord({
    name,
    id: newClusterId(),
    bootId: bootId(),
    phase: "starting",
    octet,
    labels: { "node.kubernetes.io/instance-type": "local", ...labels },
    binaries,
    images: images.map((archive) => resolve(archive)),
    nodes: plans.map((plan) => ({ ...plan, holder: null, init: null })),
    components: {},
  });
}

async function makeNodes(name: string): Promise<void> {
  for (const node of existingRecord(name).nodes) {
    createCgroup(node.cgroup);
    const init = await startNamespaces(existingRecord(name), node, (holder) => updateNode(name, node, { holder }));
    updateNode(name, node, { init });
  }
  await connect(existingRecord(name));
}

function updateNode(name: string, { name: node }: NodeRecord, change: Partial<NodeRecord>): void {
  updateRecord(name, ({ nodes }) => ({
    nodes: nodes.map((candidate) => (candidate.name === node ? { ...candidate, ...change } : candidate)),
  }));
}

const kubectlOf = (record: ClusterRecord) => kubectlFor(record.binaries.kubectl, kubeconfigFile(record.name));

async function startControlPlane(name: string): Promise<void> {
  prepareControlPlane(existingRecord(name));
  await startComponent(name, "etcd");
  await startComponent(name, "kube-apiserver");
  writeKubeconfigs(existingRecord(name));
  await startComponent(name, "kube-controller-manager");
  await startComponent(name, "kube-scheduler");
  await prepareNameService(existingRecord(name), kubectlOf(existingRecord(name)));
  await startComponent(name, "coredns");
}

async function startRuntimes(name: string): Promise<void> {
  const record = existingRecord(name);
  for (const node of record.nodes) writeNodeFiles(record, node);
  const folders = record.nodes.map((node) => runtimeFolder(name, node));
  await linkImages(record.images, folders, record.binaries);
  await Promise.all(record.nodes.map((node) => startComponent(name, "containerd", node.name)));
  await loadPause(record);
}

function writeNodeFiles(record: ClusterRecord, node: NodeRecord): void {
  const write = (path: string, content: string) => {
    const file = hostPath(record.name, node, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  };
  write(nodePaths.containerdConfig, containerdConfig(existingCniFolders(), !mayLowerOomScores()));
  write(`${nodePaths.cni}/10-pods.conflist`, JSON.stringify(cniConfig(node)));
  write(nodePaths.kubeletConfig, JSON.stringify(kubeletConfig(record, node)));
  // The host's own name service is out of reach.
  write(nodePaths.resolvConf, "");
}

/** Waits until all nodes are ready and pods can be made, for which the default service account must be there. */
async function waitForNodes(record: ClusterRecord): Promise<void> {
  const kubectl = kubectlOf(record);
  const template = '{range .items[*]}{.status.conditions[?(@.type=="Ready")].status} {end}';
  const isReady = async () => {
    const nodes = await kubectl.attempt("get", "nodes", "-o", `jsonpath=${template}`);
    const ready = nodes.stdout.split(" ").filter((status) => status === "True").length;
    if (ready < record.nodes.length) return false;
    return (await kubectl.attempt("get", "serviceaccount", "default")).code === 0;
  };
  if (await waitUntil(isReady, { milliseconds: readyMilliseconds, intervalMilliseconds: 300 })) return;
  const nodes = await kubectl.attempt("describe", "nodes");
  throw new ClusterError(
    `Not all nodes were ready after ${readyMilliseconds / 1000} s:\n${nodes.stdout || nodes.stderr}`,
  );
}
