import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { waitUntil } from "../control-plane/readiness.ts";
import { childrenOf, identityOf, type ProcessIdentity } from "../process/identity.ts";
import { type ClusterRecord, clusterFolder, marker, type NodeRecord } from "./record.ts";

/**
 * Folders of the host that a node has for itself. The programs of a node thereby keep all that they write in the
 * cluster's folder, at the usual places, and two clusters do not meet.
 */
export const ownFolders = { run: "/run", "var-lib": "/var/lib", "var-log": "/var/log" } as const;

/** Where a node's own folders lie on the host. */
export const nodeFolder = (cluster: string, node: string): string => join(clusterFolder(cluster), "nodes", node);

/** Where containerd of a node keeps its images and containers. */
export const runtimeFolder = (cluster: string, { name }: Pick<NodeRecord, "name">): string =>
  join(nodeFolder(cluster, name), "var-lib", "containerd");

/** The environment of every process of a cluster: the mark, and where its programs find each other. */
export const processEnvironment = (record: ClusterRecord, path = process.env["PATH"]): NodeJS.ProcessEnv => ({
  PATH: path,
  HOME: "/root",
  [marker(record).split("=")[0] ?? ""]: record.id,
});

const script = `
set -e
folder=$1; name=$2; shift 2
hostname "$name"
for pair in "$@"; do mount --bind "$folder/\${pair%%:*}" "\${pair#*:}"; done
ip link set lo up
echo 1 > /proc/sys/net/ipv4/ip_forward
exec "$PAUSE"`;

/**
 * Makes the namespaces of a node: mounts, network, processes and host name. They live as long as their first process,
 * and every process in them ends with it. Mounts of the host still arrive, none goes back.
 */
export async function startNamespaces(
  record: ClusterRecord,
  node: NodeRecord,
  onHolder: (holder: ProcessIdentity) => void,
): Promise<ProcessIdentity> {
  const folder = nodeFolder(record.name, node.name);
  for (const name of Object.keys(ownFolders)) mkdirSync(join(folder, name), { recursive: true });
  const pairs = Object.entries(ownFolders).map(([name, target]) => `${name}:${target}`);
  const flags = ["--mount", "--propagation=slave", "--net", "--pid", "--uts", "--fork", "--mount-proc"];
  const args = [...flags, "--kill-child=KILL", "sh", "-c", script, "sh", folder, node.name, ...pairs];
  const env = { ...processEnvironment(record), PAUSE: record.binaries.pause };
  const child = spawn("unshare", args, { detached: true, cwd: "/", env, stdio: "ignore" });
  child.on("error", () => undefined);
  child.unref();
  const holder = identityOf(child.pid ?? -1);
  if (holder === null) throw new Error("unshare(1) could not be started; it is part of util-linux");
  onHolder(holder);
  return findInit(holder, node.name);
}

async function findInit(holder: ProcessIdentity, node: string): Promise<ProcessIdentity> {
  const init = () => childrenOf(holder.pid).find((child) => child.command === "pause");
  const check = () => {
    if (identityOf(holder.pid) === null) throw new Error(`the namespaces of ${node} could not be made; are you root?`);
  };
  await waitUntil(() => init() !== undefined, { milliseconds: 10_000, intervalMilliseconds: 10, check });
  const found = init();
  if (found === undefined) throw new Error(`the first process of ${node} did not start within 10 s`);
  return { pid: found.pid, startTicks: found.startTicks };
}

/** A command that runs in the namespaces of a node. */
export const inNode = (node: NodeRecord, ...command: string[]): [string, ...string[]] => [
  "nsenter",
  `--target=${node.init?.pid}`,
  "--mount",
  "--net",
  "--pid",
  "--uts",
  "--",
  ...command,
];

/** A command that runs in the network of a node and sees the host's files and processes. */
export const inNetworkOf = (node: NodeRecord, ...command: string[]): [string, ...string[]] => [
  "nsenter",
  `--target=${node.init?.pid}`,
  "--net",
  "--",
  ...command,
];
