import { dirname, resolve } from "node:path";
import type { Cluster, Component, ComponentName } from "../cluster.ts";
import { type AuditEvent, readAuditLog } from "../control-plane/audit-log.ts";
import { controlPlaneFiles } from "../control-plane/flags.ts";
import { type Kubectl, kubectlFor } from "../kubectl.ts";
import { componentRuns, logEnd, nodeOf, startComponent, stopComponent } from "./components.ts";
import { kubeconfigFile } from "./control-plane.ts";
import { removeCluster } from "./down.ts";
import { loadOnNode } from "./images.ts";
import { controlPlaneFolder, existingRecord } from "./record.ts";

/** A cluster in namespaces of this host. It lives on when the process that made it ends, until it is taken down. */
export class LocalCluster implements Cluster {
  readonly name: string;
  readonly nodes: readonly string[];
  readonly kubeconfig: string;
  readonly kubectl: Kubectl;
  readonly environment: NodeJS.ProcessEnv;

  private constructor(name: string) {
    const record = existingRecord(name);
    this.name = name;
    this.nodes = record.nodes.map((node) => node.name);
    this.kubeconfig = kubeconfigFile(name);
    this.kubectl = kubectlFor(record.binaries.kubectl, this.kubeconfig);
    const folders = [...new Set([record.binaries.kubectl, record.binaries.helm, record.binaries.ctr].map(dirname))];
    const path = [...folders, process.env["PATH"]].join(":");
    this.environment = { ...process.env, KUBECONFIG: this.kubeconfig, PATH: path };
  }

  /** A cluster that is there already. Throws `ClusterError` when it is not. */
  static open(name: string): LocalCluster {
    return new LocalCluster(name);
  }

  async load(archive: string): Promise<void> {
    const record = existingRecord(this.name);
    if (record.images.includes(resolve(archive))) return;
    await Promise.all(record.nodes.map((node) => loadOnNode(record, node, archive)));
  }

  component(component: ComponentName, node?: string): Component {
    const record = existingRecord(this.name);
    const place = nodeOf(record, component, node);
    return {
      stop: (how) => stopComponent(this.name, component, place.name, how),
      start: () => startComponent(this.name, component, place.name),
      isRunning: async () => componentRuns(existingRecord(this.name), component, place),
    };
  }

  async auditLog(): Promise<AuditEvent[]> {
    return readAuditLog(`${controlPlaneFolder(this.name)}/${controlPlaneFiles.auditLog}`);
  }

  async log(component: ComponentName, node?: string): Promise<string> {
    const record = existingRecord(this.name);
    return logEnd(record, component, nodeOf(record, component, node), 200);
  }

  async down(): Promise<void> {
    await removeCluster(this.name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.down();
  }
}
