import { clusterDomain, dnsAddress } from "./name-service.ts";
import { networkPlan } from "./plan.ts";
import type { ClusterRecord, NodeRecord } from "./record.ts";

/** The image of a pod's sandbox; it comes with the cluster. */
export const pauseImage = "sweetspot.test/pause:1";

/** Places in a node, all in its own folders. */
export const nodePaths = {
  containerdSocket: "/run/containerd/containerd.sock",
  cni: "/run/sweetspot/cni",
  containerdConfig: "/run/sweetspot/containerd.toml",
  kubeletConfig: "/run/sweetspot/kubelet.json",
  kubeletKubeconfig: "/run/sweetspot/kubelet.kubeconfig",
  proxyKubeconfig: "/run/sweetspot/kube-proxy.kubeconfig",
  resolvConf: "/run/sweetspot/resolv.conf",
} as const;

/** containerd 2.x. `cniFolders`: where the CNI plugins may be. */
export function containerdConfig(cniFolders: readonly string[], restrictOomScores: boolean): string {
  return `version = 3
root = "/var/lib/containerd"
state = "/run/containerd"
[grpc]
  address = "${nodePaths.containerdSocket}"
[plugins."io.containerd.internal.v1.opt"]
  path = "/var/lib/containerd/opt"
[plugins."io.containerd.nri.v1.nri"]
  disable = true
[plugins."io.containerd.cri.v1.images"]
  snapshotter = "overlayfs"
  [plugins."io.containerd.cri.v1.images".pinned_images]
    sandbox = "${pauseImage}"
[plugins."io.containerd.cri.v1.runtime"]
  restrict_oom_score_adj = ${restrictOomScores}
  [plugins."io.containerd.cri.v1.runtime".cni]
    bin_dirs = ${JSON.stringify(cniFolders)}
    conf_dir = "${nodePaths.cni}"
  [plugins."io.containerd.cri.v1.runtime".containerd]
    default_runtime_name = "runc"
    [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
`;
}

/**
 * The pods' network. Plugin ptp, not bridge: every packet passes the node's routing and with it kube-proxy's rules,
 * also between two pods of one node, without the kernel module br_netfilter.
 */
export const cniConfig = (node: NodeRecord): object => ({
  cniVersion: "1.0.0",
  name: "pods",
  plugins: [
    {
      type: "ptp",
      ipMasq: false,
      ipam: {
        type: "host-local",
        ranges: [[{ subnet: node.podRange }]],
        routes: [{ dst: "0.0.0.0/0" }],
      },
    },
  ],
});

/** Beside pods with whole CPUs of their own, small ones find so much on the reserved CPUs, in thousandths of a CPU. */
const roomForSmallPods = 100;

/**
 * Which CPUs no pod gets for itself. The kubelet rounds an amount up to whole CPUs, beginning with the lowest, and counts
 * what it rounded as room for pods; named CPUs leave no such room, but only by name others than the lowest can be kept.
 */
export function cpuReservation(cpus: readonly number[]): object {
  const lowest = cpus.every((cpu, index) => cpu === index);
  if (!lowest) return { reservedSystemCPUs: cpus.join(",") };
  return { systemReserved: { cpu: `${cpus.length * 1000 - roomForSmallPods}m` } };
}

/** kubelet.config.k8s.io/v1beta1. Anyone who reaches the node may ask the kubelet: only this host does. */
export const kubeletConfig = (record: ClusterRecord, node: NodeRecord): object => ({
  apiVersion: "kubelet.config.k8s.io/v1beta1",
  kind: "KubeletConfiguration",
  failCgroupV1: false,
  cgroupDriver: "cgroupfs",
  cgroupRoot: `/${node.cgroup}`,
  cpuManagerPolicy: "static",
  ...cpuReservation(node.reservedCpus),
  authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
  authorization: { mode: "AlwaysAllow" },
  containerRuntimeEndpoint: `unix://${nodePaths.containerdSocket}`,
  failSwapOn: false,
  clusterDomain,
  clusterDNS: [dnsAddress(record)],
  resolvConf: nodePaths.resolvConf,
  serializeImagePulls: false,
  // The disk is the developer's: how full it is is not for a test cluster to judge.
  imageGCHighThresholdPercent: 100,
  evictionHard: { "nodefs.available": "0%", "nodefs.inodesFree": "0%", "imagefs.available": "0%" },
});

/** Arguments of kubelet. */
export function kubeletArguments(record: ClusterRecord, node: NodeRecord): string[] {
  const labels = Object.entries(record.labels).map(([key, value]) => `${key}=${value}`);
  return [
    `--kubeconfig=${nodePaths.kubeletKubeconfig}`,
    `--config=${nodePaths.kubeletConfig}`,
    `--hostname-override=${node.name}`,
    `--node-ip=${node.address}`,
    ...(labels.length === 0 ? [] : [`--node-labels=${labels.join(",")}`]),
    "--v=2",
  ];
}

/** Arguments of kube-proxy. The limits of connection tracking belong to the host, which we leave alone. */
export const proxyArguments = (record: ClusterRecord, node: NodeRecord): string[] => [
  `--kubeconfig=${nodePaths.proxyKubeconfig}`,
  `--hostname-override=${node.name}`,
  `--cluster-cidr=${networkPlan(record.octet).podRange}`,
  "--proxy-mode=iptables",
  "--conntrack-max-per-core=0",
  "--conntrack-tcp-timeout-established=0",
  "--conntrack-tcp-timeout-close-wait=0",
];
