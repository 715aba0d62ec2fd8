import { componentNames } from "../cluster.ts";
import type { Provider } from "../provider.ts";
import { componentRuns, nodeOf } from "./components.ts";
import { removeCluster } from "./down.ts";
import { LocalCluster } from "./local-cluster.ts";
import { networkPlan } from "./plan.ts";
import { bootId, type ClusterRecord, clusterNames, readRecord } from "./record.ts";
import { obstacles } from "./requirements.ts";
import { createCluster } from "./up.ts";

/** Clusters in namespaces of this host: no container engine, no registry. Linux, root. */
export const localProvider: Provider = {
  create: async (options) => {
    await createCluster(options);
    return LocalCluster.open(options.name);
  },
  open: async (name) => LocalCluster.open(name),
  remove: removeCluster,
  names: async () => clusterNames(),
  obstacles: async () => obstacles(),
  state: async (name) => describe(readRecord(name)),
};

function describe(record: ClusterRecord | null): string {
  if (record === null) return "half-made";
  const nodes = record.nodes.length === 1 ? "one node" : `${record.nodes.length} nodes`;
  const facts = `${nodes}, ${networkPlan(record.octet).range}`;
  if (record.bootId !== bootId()) return `gone since the machine was restarted (${facts}): take it down`;
  if (record.phase !== "ready") return `half-made (${facts}): take it down`;
  const stopped = stoppedComponents(record);
  return stopped.length === 0 ? `running, ${facts}` : `running, ${facts}, stopped: ${stopped.join(", ")}`;
}

function stoppedComponents(record: ClusterRecord): string[] {
  const places = componentNames.flatMap((component) =>
    [...new Set(record.nodes.map(({ name }) => nodeOf(record, component, name)))].map((node) => ({ component, node })),
  );
  const stopped = places.filter(({ component, node }) => !componentRuns(record, component, node));
  return stopped.map(({ component, node }) => `${component} on ${node.name}`);
}
