import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { User } from "../control-plane/credentials.ts";
import type { Kubectl } from "../kubectl.ts";
import { type ClusterRecord, controlPlaneFolder } from "./record.ts";

/** The user as whom CoreDNS asks the API server. */
export const dnsUser: User = { name: "sweetspot:coredns", groups: [] };

export const clusterDomain = "cluster.local";

/** Where pods send their questions: CoreDNS runs beside the control plane, not in a pod. */
export const dnsAddress = (record: ClusterRecord): string => record.nodes[0]?.address ?? "";

export const corefilePath = (cluster: string): string => join(controlPlaneFolder(cluster), "Corefile");
export const dnsKubeconfig = (cluster: string): string => join(controlPlaneFolder(cluster), "coredns.kubeconfig");

/** CoreDNS for the cluster's own names. Others are refused at once: there is nobody whom it could ask. */
const corefile = (record: ClusterRecord): string => `${clusterDomain} in-addr.arpa {
  bind ${dnsAddress(record)}
  errors
  cache 5
  kubernetes ${clusterDomain} in-addr.arpa {
    kubeconfig ${dnsKubeconfig(record.name)}
  }
}
`;

const roleName = "sweetspot-test-coredns";

const permissions = [
  {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRole",
    metadata: { name: roleName },
    rules: [
      { apiGroups: [""], resources: ["services", "namespaces"], verbs: ["list", "watch"] },
      { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["list", "watch"] },
    ],
  },
  {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name: roleName },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: roleName },
    subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: dnsUser.name }],
  },
];

/** Writes what CoreDNS reads and lets it see Services. */
export async function prepareNameService(record: ClusterRecord, kubectl: Kubectl): Promise<void> {
  writeFileSync(corefilePath(record.name), corefile(record));
  await kubectl.apply(permissions);
}
