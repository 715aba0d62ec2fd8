import { expect, test } from "vitest";
import { kindConfig } from "./config.ts";

const input = { labels: { a: "b" }, cpus: [0, 1], auditPolicyFile: "/policy.json" };
const nodesOf = (nodes: 1 | 2) =>
  (kindConfig({ ...input, nodes }) as { nodes: { role: string; kubeadmConfigPatches: string[] }[] }).nodes;
const reservedOf = (patches: readonly string[]) =>
  patches.map((patch) => JSON.parse(patch).reservedSystemCPUs).find((cpus) => cpus !== undefined);

test("gives the nodes of a kind cluster disjoint CPUs, as a local cluster does", () => {
  expect(nodesOf(2).map((node) => reservedOf(node.kubeadmConfigPatches))).toEqual(["0", "1"]);
  expect(nodesOf(1).map((node) => node.role)).toEqual(["control-plane"]);
});

test("lets pods run on the node of the control plane", () => {
  const patches = nodesOf(1)[0]?.kubeadmConfigPatches.map((patch) => JSON.parse(patch)) ?? [];
  expect(patches).toContainEqual({ kind: "InitConfiguration", nodeRegistration: { taints: [] } });
});
