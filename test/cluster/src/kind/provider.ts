import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ensureBinaries } from "../binaries/binaries.ts";
import type { Cluster, ClusterOptions } from "../cluster.ts";
import { ClusterError } from "../cluster-error.ts";
import { auditPolicy } from "../control-plane/flags.ts";
import { parseCpuList } from "../local/plan.ts";
import { checkName, stateRoot } from "../local/record.ts";
import { run, tryRun } from "../process/run.ts";
import type { Provider } from "../provider.ts";
import { kindConfig } from "./config.ts";
import { KindCluster } from "./kind-cluster.ts";

const kindVersion = "v0.33.0";

// Beside the folder of the local provider's clusters, so that the two do not see each other.
const folderOf = (name: string) => join(dirname(stateRoot()), "kind", name);

/** kind from PATH, else the pinned version, which `go run` builds in some seconds. */
async function kind(...args: string[]): Promise<string> {
  const installed = await tryRun(["kind", "version"]).catch(() => null);
  if (installed?.code === 0) return run(["kind", ...args]);
  return run(["go", "run", `sigs.k8s.io/kind@${kindVersion}`, ...args]);
}

async function obstacles(): Promise<string[]> {
  const engine = await tryRun(["docker", "info"]).catch(() => null);
  return engine?.code === 0 ? [] : ["No container engine answers `docker info`, and kind needs one."];
}

async function create(options: ClusterOptions): Promise<Cluster> {
  checkName(options.name);
  const found = await obstacles();
  if (found.length > 0) throw new ClusterError(found.join("\n"));
  await remove(options.name);
  const folder = folderOf(options.name);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const auditPolicyFile = join(folder, "audit-policy.json");
  writeFileSync(auditPolicyFile, JSON.stringify(auditPolicy));
  const cpus = parseCpuList(readFileSync("/sys/devices/system/cpu/online", "utf8"));
  const config = kindConfig({ nodes: options.nodes, labels: options.labels ?? {}, cpus, auditPolicyFile });
  writeFileSync(join(folder, "kind.json"), JSON.stringify(config));
  options.say?.("kind makes the cluster");
  const kubeconfig = join(folder, "kubeconfig");
  const files = ["--config", join(folder, "kind.json"), "--kubeconfig", kubeconfig];
  await kind("create", "cluster", "--name", options.name, "--wait", "120s", ...files);
  const cluster = await open(options.name);
  for (const archive of options.images ?? []) await cluster.load(archive);
  return cluster;
}

async function open(name: string): Promise<Cluster> {
  const kubeconfig = join(folderOf(name), "kubeconfig");
  if (!existsSync(kubeconfig)) throw new ClusterError(`There is no kind cluster "${name}".`);
  const { kubectl } = await ensureBinaries(["kubectl"]);
  const nodes = (await kind("get", "nodes", "--name", name))
    .split("\n")
    .filter((line) => line !== "")
    .sort();
  return new KindCluster({ name, nodes, kubeconfig, kubectl, kind, remove: async () => void (await remove(name)) });
}

async function names(): Promise<string[]> {
  if ((await obstacles()).length > 0) return [];
  const all = (await kind("get", "clusters")).split("\n").filter((name) => name !== "");
  return all.filter((name) => existsSync(folderOf(name)));
}

/** Removes only what this provider has made: other kind clusters of the user stay. */
async function remove(name: string): Promise<boolean> {
  if (!existsSync(folderOf(name))) return false;
  await kind("delete", "cluster", "--name", name);
  rmSync(folderOf(name), { recursive: true, force: true });
  return true;
}

/** Clusters that kind makes in a container engine (docker, or podman by its docker command). */
export const kindProvider: Provider = { create, open, remove, names, obstacles, state: async () => "made by kind" };
