import { run, tryRun } from "../process/run.ts";
import { inNetworkOf, inNode, processEnvironment } from "./namespaces.ts";
import { networkPlan } from "./plan.ts";
import type { ClusterRecord, NodeRecord } from "./record.ts";

/**
 * The wires of a cluster, for ip(8) in batch mode. All nodes and the host meet on a bridge in the first node; each
 * node routes the other's pods, and every one reaches Services, because kube-proxy rewrites them where they start.
 *
 *      host                        first node                      second node
 *      sweetspotX --veth-- host0 --[ bridge "nodes" ]-- node2 --veth-- nodes
 */
export function bridgeCommands(record: ClusterRecord): string[] {
  const [first] = record.nodes;
  if (first === undefined) return [];
  const others = record.nodes.filter((node) => node !== first);
  return [
    "link add nodes type bridge",
    `addr add ${first.address}/24 dev nodes`,
    "link set nodes up",
    ...others.flatMap((node) => [
      `link add ${node.name} type veth peer name nodes netns ${node.init?.pid}`,
      `link set ${node.name} master nodes up`,
    ]),
    ...routeCommands(record, first),
  ];
}

/** What the second node does with its end of the wire. */
export const wireCommands = (record: ClusterRecord, node: NodeRecord): string[] => [
  `addr add ${node.address}/24 dev nodes`,
  "link set nodes up",
  ...routeCommands(record, node),
];

function routeCommands(record: ClusterRecord, self: NodeRecord): string[] {
  const others = record.nodes.filter((node) => node.name !== self.name);
  return [
    ...others.map((node) => `route add ${node.podRange} via ${node.address}`),
    // Without any route the kernel refuses a connection before kube-proxy's rules see it.
    `route add ${networkPlan(record.octet).serviceRange} dev nodes`,
  ];
}

/** What the host does: one interface and one route, to this cluster only. */
export function hostCommands(record: ClusterRecord): string[] {
  const { hostInterface, hostAddress, range } = networkPlan(record.octet);
  const [first] = record.nodes;
  return [
    `link add ${hostInterface} type veth peer name host0 netns ${first?.init?.pid}`,
    `addr add ${hostAddress}/24 dev ${hostInterface}`,
    `link set ${hostInterface} up`,
    `route add ${range} via ${first?.address} dev ${hostInterface}`,
  ];
}

/**
 * A rule for a node: the kubelet takes orders without credentials, so that nobody but the API server may ask it. Without
 * the rule every user of this host would be root in the node.
 */
export const kubeletGuard = (record: ClusterRecord): string[] => [
  ...["iptables", "--insert", "INPUT", "--source", networkPlan(record.octet).hostAddress],
  ...["--protocol", "tcp", "--dport", "10250", "--jump", "DROP"],
];

/** Connects the nodes with each other and with the host. The namespaces must be there. */
export async function connect(record: ClusterRecord): Promise<void> {
  const env = processEnvironment(record);
  const ip = (commands: readonly string[], node?: NodeRecord) => {
    const batch = ["ip", "-batch", "-"] as const;
    const input = `${commands.join("\n")}\n`;
    return run(node === undefined ? [...batch] : inNetworkOf(node, ...batch), { env, input });
  };
  const [first, ...others] = record.nodes;
  await ip(bridgeCommands(record), first);
  for (const node of others) await ip(wireCommands(record, node), node);
  for (const node of record.nodes) await run(inNode(node, ...kubeletGuard(record)), { env });
  await ip(hostCommands(record));
  await ip(["link set host0 master nodes up"], first);
}

/** Removes the host's interface. It normally vanishes with the first node, whose end of the wire is the other end. */
export async function disconnect(record: ClusterRecord): Promise<void> {
  await tryRun(["ip", "link", "delete", networkPlan(record.octet).hostInterface]);
}

/** Destinations of the host's routes, for the choice of a free range. */
export async function hostRoutes(): Promise<string[]> {
  const routes = JSON.parse(await run(["ip", "-json", "route"])) as { dst: string }[];
  return routes.map((route) => route.dst);
}
