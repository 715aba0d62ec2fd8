import { reservedCpus } from "../local/plan.ts";

/** Where the API server of a kind cluster finds its policy and writes its log, inside the first node. */
export const kindAuditFolder = "/var/log/sweetspot";

/** What `kindConfig` needs to know. `auditPolicyFile`: on the host. */
export interface KindConfigInput {
  readonly nodes: 1 | 2;
  readonly labels: Readonly<Record<string, string>>;
  readonly cpus: readonly number[];
  readonly auditPolicyFile: string;
}

/**
 * kind.x-k8s.io/v1alpha4: the static CPU manager with disjoint CPUs per node, pods on the control plane's node too, and
 * the audit log, as the local provider has them. kubeadm takes its patches as YAML, which JSON is.
 */
export function kindConfig({ nodes, labels, cpus, auditPolicyFile }: KindConfigInput): object {
  const kubelet = (index: number) => ({
    kind: "KubeletConfiguration",
    cpuManagerPolicy: "static",
    reservedSystemCPUs: reservedCpus(cpus, { index, count: nodes }).join(","),
  });
  const policy = `${kindAuditFolder}/policy.json`;
  const volume = { name: "audit", hostPath: kindAuditFolder, mountPath: kindAuditFolder, readOnly: false };
  const apiServer = {
    kind: "ClusterConfiguration",
    apiServer: {
      extraArgs: [
        { name: "audit-policy-file", value: policy },
        { name: "audit-log-path", value: `${kindAuditFolder}/audit.log` },
      ],
      extraVolumes: [{ ...volume, pathType: "DirectoryOrCreate" }],
    },
  };
  const untainted = { kind: "InitConfiguration", nodeRegistration: { taints: [] } };
  const first = {
    role: "control-plane",
    labels,
    extraMounts: [{ hostPath: auditPolicyFile, containerPath: policy, readOnly: true }],
    kubeadmConfigPatches: [apiServer, untainted, kubelet(0)].map((patch) => JSON.stringify(patch)),
  };
  const second = { role: "worker", labels, kubeadmConfigPatches: [JSON.stringify(kubelet(1))] };
  return { kind: "Cluster", apiVersion: "kind.x-k8s.io/v1alpha4", nodes: nodes === 1 ? [first] : [first, second] };
}
