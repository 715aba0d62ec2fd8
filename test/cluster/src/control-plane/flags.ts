/** Where a control plane listens and keeps its files. */
export interface ControlPlaneSite {
  /** Folder with etcd's data, certificates, tokens, keys and logs. */
  readonly folder: string;
  /** IPv4 address of the API server and of etcd. */
  readonly address: string;
  readonly apiPort: number;
  readonly etcdPort: number;
  readonly etcdPeerPort: number;
  readonly serviceRange: string;
  /** Whether nodes will join: the address is then published as the Service `kubernetes`, and pods get tokens. */
  readonly hasNodes: boolean;
  /** Whether every request is written to `audit.log`, without bodies. */
  readonly audit: boolean;
}

/** Names of the files in a control plane's folder. */
export const controlPlaneFiles = {
  etcdData: "etcd",
  certificates: "certificates",
  /** The server's own certificate, which is also the authority that clients trust. */
  authority: "certificates/apiserver.crt",
  serviceAccountKey: "service-account.key",
  serviceAccountPublicKey: "service-account.pub",
  tokens: "tokens.csv",
  auditPolicy: "audit-policy.json",
  auditLog: "audit.log",
} as const;

/** Arguments of etcd. No fsync: the data live as long as the test, and a test machine's disk is slow. */
export function etcdArguments(site: ControlPlaneSite): string[] {
  const client = `http://127.0.0.1:${site.etcdPort}`;
  return [
    `--data-dir=${site.folder}/${controlPlaneFiles.etcdData}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=http://127.0.0.1:${site.etcdPeerPort}`,
    "--unsafe-no-fsync",
    "--log-level=warn",
  ];
}

/** It drains its clients for longer than a test wants to wait, and keeps no state that a sudden end could harm. */
export const apiServerGraceMilliseconds = 2000;

/** Arguments of kube-apiserver: RBAC on, tokens from a file, a certificate of its own making. */
export function apiServerArguments(site: ControlPlaneSite): string[] {
  const file = (name: keyof typeof controlPlaneFiles) => `${site.folder}/${controlPlaneFiles[name]}`;
  const audit = [
    `--audit-policy-file=${file("auditPolicy")}`,
    `--audit-log-path=${file("auditLog")}`,
    "--audit-log-mode=blocking",
  ];
  // Without nodes there is no controller-manager either, which would make the service account that pods need.
  const withoutNodes = ["--endpoint-reconciler-type=none", "--disable-admission-plugins=ServiceAccount"];
  return [
    `--etcd-servers=http://127.0.0.1:${site.etcdPort}`,
    `--bind-address=${site.address}`,
    `--advertise-address=${site.address}`,
    `--secure-port=${site.apiPort}`,
    `--cert-dir=${file("certificates")}`,
    `--service-cluster-ip-range=${site.serviceRange}`,
    `--service-account-key-file=${file("serviceAccountPublicKey")}`,
    `--service-account-signing-key-file=${file("serviceAccountKey")}`,
    "--service-account-issuer=https://kubernetes.default.svc",
    `--token-auth-file=${file("tokens")}`,
    "--authorization-mode=Node,RBAC",
    "--enable-admission-plugins=NodeRestriction",
    "--allow-privileged=true",
    // Kubelets are reached by address: there is no name service for nodes.
    "--kubelet-preferred-address-types=InternalIP",
    ...(site.hasNodes ? [] : withoutNodes),
    ...(site.audit ? audit : []),
  ];
}

/** Every request at metadata level, once, when it has been answered; long watches also when they begin. */
export const auditPolicy = {
  apiVersion: "audit.k8s.io/v1",
  kind: "Policy",
  omitStages: ["RequestReceived"],
  rules: [{ level: "Metadata" }],
};
