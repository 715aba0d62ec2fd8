import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  administrator,
  kubeconfig,
  newTokens,
  type User,
  writeControlPlaneFiles,
} from "../control-plane/credentials.ts";
import { type ControlPlaneSite, controlPlaneFiles } from "../control-plane/flags.ts";
import { dnsKubeconfig, dnsUser } from "./name-service.ts";
import { nodeFolder } from "./namespaces.ts";
import { nodePaths } from "./node-config.ts";
import { networkPlan } from "./plan.ts";
import { type ClusterRecord, clusterFolder, controlPlaneFolder, type NodeRecord } from "./record.ts";

export const kubeconfigFile = (cluster: string): string => join(clusterFolder(cluster), "kubeconfig");
export const authorityFile = (cluster: string): string =>
  join(controlPlaneFolder(cluster), controlPlaneFiles.authority);

/** Where the control plane of a cluster listens: on the first node. */
export function siteOf(record: ClusterRecord): ControlPlaneSite {
  return {
    folder: controlPlaneFolder(record.name),
    address: record.nodes[0]?.address ?? "",
    apiPort: 6443,
    etcdPort: 2379,
    etcdPeerPort: 2380,
    serviceRange: networkPlan(record.octet).serviceRange,
    hasNodes: true,
    audit: true,
  };
}

export const apiUrl = (record: ClusterRecord): string => `https://${siteOf(record).address}:${siteOf(record).apiPort}`;

const controllerManager: User = { name: "system:kube-controller-manager", groups: [] };
const scheduler: User = { name: "system:kube-scheduler", groups: [] };
const proxy: User = { name: "system:kube-proxy", groups: [] };
const kubelet = (node: NodeRecord): User => ({ name: `system:node:${node.name}`, groups: ["system:nodes"] });

const tokensFile = (cluster: string) => join(controlPlaneFolder(cluster), "tokens.json");

/** Writes everything that the control plane reads when it starts. */
export function prepareControlPlane(record: ClusterRecord): void {
  const users = [administrator, controllerManager, scheduler, dnsUser, proxy, ...record.nodes.map(kubelet)];
  const tokens = newTokens(users);
  writeControlPlaneFiles(controlPlaneFolder(record.name), users, tokens);
  writeFileSync(tokensFile(record.name), JSON.stringify(Object.fromEntries(tokens)), { mode: 0o600 });
}

function tokenOf(cluster: string, user: User): string {
  const tokens = JSON.parse(readFileSync(tokensFile(cluster), "utf8")) as Record<string, string>;
  return tokens[user.name] ?? "";
}

export const administratorToken = (cluster: string): string => tokenOf(cluster, administrator);

/** Paths of the kubeconfigs of the control plane's own clients. */
export const clientKubeconfig = (cluster: string, client: "controller-manager" | "scheduler"): string =>
  join(controlPlaneFolder(cluster), `${client}.kubeconfig`);

/** Writes all kubeconfigs. The API server must have run: they name the certificate that it has made. */
export function writeKubeconfigs(record: ClusterRecord): void {
  const { name } = record;
  const authority = readFileSync(authorityFile(name), "utf8");
  const write = (file: string, user: User) =>
    writeFileSync(file, kubeconfig(apiUrl(record), authority, tokenOf(name, user)), { mode: 0o600 });
  write(kubeconfigFile(name), administrator);
  write(clientKubeconfig(name, "controller-manager"), controllerManager);
  write(clientKubeconfig(name, "scheduler"), scheduler);
  write(dnsKubeconfig(name), dnsUser);
  for (const node of record.nodes) {
    write(hostPath(name, node, nodePaths.kubeletKubeconfig), kubelet(node));
    write(hostPath(name, node, nodePaths.proxyKubeconfig), proxy);
  }
}

/** Where a path below `/run` in a node lies on the host. */
export const hostPath = (cluster: string, node: Pick<NodeRecord, "name">, path: string): string =>
  join(nodeFolder(cluster, node.name), path);
