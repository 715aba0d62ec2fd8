import type { AuditEvent } from "./control-plane/audit-log.ts";
import type { Kubectl } from "./kubectl.ts";

/** The programs of a cluster that can be stopped and started one by one. */
export const componentNames = [
  "etcd",
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "coredns",
  "containerd",
  "kubelet",
  "kube-proxy",
] as const;

export type ComponentName = (typeof componentNames)[number];

/** One program of a cluster. Its data stay while it is stopped. */
export interface Component {
  /**
   * Ends it (SIGTERM, then SIGKILL) and returns when it has ended. Does nothing when it does not run. `Crash` leaves it no
   * time for a last word: an API server that is told to stop takes its own address out of the cluster's Service first, and
   * after its return kube-proxy needs half a minute to see it again.
   */
  stop(how?: "Orderly" | "Crash"): Promise<void>;
  /** Starts it; returns when the API server or containerd answers. Does nothing when it runs. */
  start(): Promise<void>;
  isRunning(): Promise<boolean>;
}

/** What is asked for. */
export interface ClusterOptions {
  /** 1 to 20 lower-case letters, digits and dashes. */
  readonly name: string;
  readonly nodes: 1 | 2;
  /** Labels of all nodes, beside those that a kubelet sets. `node.kubernetes.io/instance-type` may be among them. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Archives whose images the nodes have from the beginning; the same ones again cost next to nothing. */
  readonly images?: readonly string[];
  /** Told what is being done. */
  readonly say?: (text: string) => void;
}

/** A running cluster. `await using` takes it down. */
export interface Cluster extends AsyncDisposable {
  readonly name: string;
  /** Names of the nodes: `node1`, `node2`. */
  readonly nodes: readonly string[];
  /** Path of the administrator's kubeconfig. */
  readonly kubeconfig: string;
  readonly kubectl: Kubectl;
  /** Environment for programs that use the cluster: `KUBECONFIG`, and kubectl, helm and others in `PATH`. */
  readonly environment: NodeJS.ProcessEnv;
  /** Loads the images of an OCI or Docker archive on all nodes. Pods use them with `imagePullPolicy: Never`. */
  load(archive: string): Promise<void>;
  /** A program of the cluster. `node` (default: the first) matters to containerd, kubelet and kube-proxy. */
  component(name: ComponentName, node?: string): Component;
  /** Everything that the API server was asked so far, without bodies. */
  auditLog(): Promise<AuditEvent[]>;
  /** The end of what a program wrote. */
  log(name: ComponentName, node?: string): Promise<string>;
  /** Ends everything and leaves nothing behind. */
  down(): Promise<void>;
}
