import { expect, test } from "vitest";
import { bridgeCommands, hostCommands, kubeletGuard, wireCommands } from "./network.ts";
import { nodePlan } from "./plan.ts";
import type { ClusterRecord } from "./record.ts";

const node = (index: number) => ({
  ...nodePlan("demo", 70, { index, count: 2 }, [0, 1]),
  holder: null,
  init: { pid: 100 + index, startTicks: 1 },
});
const record = { name: "demo", octet: 70, nodes: [node(0), node(1)] } as unknown as ClusterRecord;

test("wires two nodes over a bridge in the first, with routes to each other's pods", () => {
  expect(bridgeCommands(record)).toEqual([
    "link add nodes type bridge",
    "addr add 10.70.0.1/24 dev nodes",
    "link set nodes up",
    "link add node2 type veth peer name nodes netns 101",
    "link set node2 master nodes up",
    "route add 10.70.18.0/24 via 10.70.0.2",
    "route add 10.70.32.0/20 dev nodes",
  ]);
  expect(wireCommands(record, node(1))).toContain("route add 10.70.17.0/24 via 10.70.0.1");
});

test("gives the host one interface and one route, to this cluster only", () => {
  expect(hostCommands(record)).toEqual([
    "link add sweetspot70 type veth peer name host0 netns 100",
    "addr add 10.70.0.254/24 dev sweetspot70",
    "link set sweetspot70 up",
    "route add 10.70.0.0/16 via 10.70.0.1 dev sweetspot70",
  ]);
});

test("keeps the host from the kubelet's port", () => {
  expect(kubeletGuard(record).join(" ")).toContain("--source 10.70.0.254 --protocol tcp --dport 10250 --jump DROP");
});
