import { spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { ComponentName } from "../cluster.ts";
import { ClusterError } from "../cluster-error.ts";
import { apiServerArguments, apiServerGraceMilliseconds, etcdArguments } from "../control-plane/flags.ts";
import { statusOf, waitUntil } from "../control-plane/readiness.ts";
import { childrenOf, identityOf, isRunning, kill, terminate } from "../process/identity.ts";
import { administratorToken, apiUrl, authorityFile, clientKubeconfig, siteOf } from "./control-plane.ts";
import { waitForRuntime } from "./images.ts";
import { corefilePath } from "./name-service.ts";
import { inNode, processEnvironment } from "./namespaces.ts";
import { kubeletArguments, nodePaths, proxyArguments } from "./node-config.ts";
import { networkPlan } from "./plan.ts";
import { type ClusterRecord, clusterFolder, existingRecord, type NodeRecord, updateRecord } from "./record.ts";

const perNode: readonly ComponentName[] = ["containerd", "kubelet", "kube-proxy"];
const readyMilliseconds = 60_000;

/** The node on which a component runs. Throws `ClusterError` for a node that the cluster has not. */
export function nodeOf(record: ClusterRecord, component: ComponentName, name?: string): NodeRecord {
  const [first] = record.nodes;
  const node = name === undefined || !perNode.includes(component) ? first : record.nodes.find((n) => n.name === name);
  if (node !== undefined) return node;
  throw new ClusterError(
    `Cluster ${record.name} has no node ${name}, only ${record.nodes.map((n) => n.name).join(", ")}.`,
  );
}

/** The command line of a component. */
function componentCommand(record: ClusterRecord, component: ComponentName, node: NodeRecord): string[] {
  const { binaries, name } = record;
  switch (component) {
    case "etcd":
      return [binaries.etcd, ...etcdArguments(siteOf(record))];
    case "kube-apiserver":
      return [binaries["kube-apiserver"], ...apiServerArguments(siteOf(record))];
    case "kube-controller-manager":
      return [binaries["kube-controller-manager"], ...controllerManagerArguments(record)];
    case "kube-scheduler": {
      const config = `--kubeconfig=${clientKubeconfig(name, "scheduler")}`;
      return [binaries["kube-scheduler"], config, "--leader-elect=false", "--bind-address=127.0.0.1"];
    }
    case "coredns":
      return [binaries.coredns, "-conf", corefilePath(name)];
    case "containerd":
      return [binaries.containerd, `--config=${nodePaths.containerdConfig}`];
    case "kubelet":
      return [binaries.kubelet, ...kubeletArguments(record, node)];
    case "kube-proxy":
      return [binaries["kube-proxy"], ...proxyArguments(record, node)];
  }
}

const controllerManagerArguments = (record: ClusterRecord): string[] => [
  `--kubeconfig=${clientKubeconfig(record.name, "controller-manager")}`,
  `--service-account-private-key-file=${siteOf(record).folder}/service-account.key`,
  `--root-ca-file=${authorityFile(record.name)}`,
  "--use-service-account-credentials",
  "--leader-elect=false",
  "--bind-address=127.0.0.1",
  `--cluster-cidr=${networkPlan(record.octet).podRange}`,
  "--allocate-node-cidrs=false",
  // The default of 20 writes a second makes a test with many Jobs wait for this alone.
  "--kube-api-qps=100",
  "--kube-api-burst=200",
];

const keyOf = (component: ComponentName, node: NodeRecord): string => `${component}@${node.name}`;

/** File with all that a component wrote, over its restarts. */
const logFile = (cluster: string, component: ComponentName, node: NodeRecord): string =>
  join(clusterFolder(cluster), "logs", `${keyOf(component, node)}.log`);

/** Whether a component runs. */
export function componentRuns(record: ClusterRecord, component: ComponentName, node: NodeRecord): boolean {
  const wrapper = record.components[keyOf(component, node)];
  return wrapper !== undefined && isRunning(wrapper);
}

/** Starts a component in its node. Returns when the API server or containerd answers. Does nothing when it runs. */
export async function startComponent(cluster: string, component: ComponentName, nodeName?: string): Promise<void> {
  const record = existingRecord(cluster);
  const node = nodeOf(record, component, nodeName);
  if (!componentRuns(record, component, node)) launch(record, component, node);
  if (component === "kube-apiserver") await waitForApiServer(record, node);
  if (component === "containerd") await waitForRuntime(record, node);
}

function launch(record: ClusterRecord, component: ComponentName, node: NodeRecord): void {
  const file = logFile(record.name, component, node);
  mkdirSync(dirname(file), { recursive: true });
  const log = openSync(file, "a");
  // containerd finds its shim by PATH.
  const path = `${dirname(record.binaries["containerd-shim-runc-v2"])}:${process.env["PATH"]}`;
  const [program, ...args] = inNode(node, ...componentCommand(record, component, node));
  const child = spawn(program, args, {
    detached: true,
    cwd: "/",
    env: processEnvironment(record, path),
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  child.on("error", () => undefined);
  child.unref();
  const wrapper = identityOf(child.pid ?? -1);
  if (wrapper === null)
    throw new ClusterError(`${component} could not be started: nsenter(1) of util-linux is missing.`);
  updateRecord(record.name, ({ components }) => ({
    components: { ...components, [keyOf(component, node)]: wrapper },
  }));
}

/** Ends a component and returns when it has ended. */
export async function stopComponent(
  cluster: string,
  component: ComponentName,
  nodeName?: string,
  how: "Orderly" | "Crash" = "Orderly",
): Promise<void> {
  const record = existingRecord(cluster);
  const node = nodeOf(record, component, nodeName);
  const wrapper = record.components[keyOf(component, node)];
  if (wrapper === undefined || !isRunning(wrapper)) return;
  // nsenter stays as the parent of the program, which alone gets the signal; nsenter ends with it.
  const [program] = childrenOf(wrapper.pid);
  if (how === "Crash") await kill(program ?? wrapper);
  else await terminate(program ?? wrapper, component === "kube-apiserver" ? apiServerGraceMilliseconds : undefined);
  await terminate(wrapper);
}

async function waitForApiServer(record: ClusterRecord, node: NodeRecord): Promise<void> {
  const token = administratorToken(record.name);
  const url = `${apiUrl(record)}/readyz`;
  const check = () => {
    if (componentRuns(existingRecord(record.name), "kube-apiserver", node)) return;
    throw new ClusterError(`kube-apiserver ended while it was started:\n${logEnd(record, "kube-apiserver", node)}`);
  };
  const isReady = async () => (await statusOf(url, authorityFile(record.name), token)) === 200;
  if (await waitUntil(isReady, { milliseconds: readyMilliseconds, check })) return;
  throw new ClusterError(`kube-apiserver was not ready in time:\n${logEnd(record, "kube-apiserver", node)}`);
}

/** The last lines that a component wrote. */
export function logEnd(record: ClusterRecord, component: ComponentName, node: NodeRecord, lines = 15): string {
  const file = logFile(record.name, component, node);
  return existsSync(file) ? readFileSync(file, "utf8").split("\n").slice(-lines).join("\n") : "";
}
