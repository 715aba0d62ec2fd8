import { dirname } from "node:path";
import type { Cluster, Component, ComponentName } from "../cluster.ts";
import { ClusterError } from "../cluster-error.ts";
import { type AuditEvent, parseAuditLog } from "../control-plane/audit-log.ts";
import { waitUntil } from "../control-plane/readiness.ts";
import { type Kubectl, kubectlFor } from "../kubectl.ts";
import { run, tryRun } from "../process/run.ts";
import { kindAuditFolder } from "./config.ts";

/** How a kind cluster is reached. */
export interface KindSite {
  readonly name: string;
  readonly nodes: readonly string[];
  readonly kubeconfig: string;
  /** Path of kubectl. */
  readonly kubectl: string;
  readonly kind: (...args: string[]) => Promise<string>;
  readonly remove: () => Promise<void>;
}

/** systemd runs these in a kind node; kubelet runs the others from manifests. */
const units: readonly ComponentName[] = ["containerd", "kubelet"];

const manifests = "/etc/kubernetes/manifests";
const aside = "/etc/kubernetes/stopped";

/** A cluster that kind has made in a container engine. */
export class KindCluster implements Cluster {
  readonly name: string;
  readonly nodes: readonly string[];
  readonly kubeconfig: string;
  readonly kubectl: Kubectl;
  readonly environment: NodeJS.ProcessEnv;
  readonly #site: KindSite;

  constructor(site: KindSite) {
    this.#site = site;
    this.name = site.name;
    this.nodes = site.nodes;
    this.kubeconfig = site.kubeconfig;
    this.kubectl = kubectlFor(site.kubectl, site.kubeconfig);
    const path = `${dirname(site.kubectl)}:${process.env["PATH"]}`;
    this.environment = { ...process.env, KUBECONFIG: site.kubeconfig, PATH: path };
  }

  async load(archive: string): Promise<void> {
    await this.#site.kind("load", "image-archive", archive, "--name", this.name);
  }

  component(component: ComponentName, node = this.nodes[0] ?? ""): Component {
    if (component === "kube-proxy" || component === "coredns") {
      throw new ClusterError(`kind runs ${component} in pods, which cannot be stopped like a program.`);
    }
    const place = units.includes(component) ? node : (this.nodes[0] ?? "");
    return units.includes(component) ? this.#unit(component, place) : this.#staticPod(component, place);
  }

  #unit(component: ComponentName, node: string): Component {
    return {
      stop: async () => void (await inside(node, "systemctl", "stop", component)),
      start: async () => void (await inside(node, "systemctl", "start", component)),
      isRunning: async () => (await tryRun(["docker", "exec", node, "systemctl", "is-active", component])).code === 0,
    };
  }

  #staticPod(component: ComponentName, node: string): Component {
    const move = (from: string, to: string) =>
      inside(
        node,
        "sh",
        "-c",
        `mkdir -p ${to}; [ ! -f ${from}/${component}.yaml ] || mv ${from}/${component}.yaml ${to}/`,
      );
    const isRunning = async () =>
      (await tryRun(["docker", "exec", node, "pgrep", "-x", component.slice(0, 15)])).code === 0;
    const until = async (wanted: boolean) => {
      if (await waitUntil(async () => (await isRunning()) === wanted, { milliseconds: 90_000 })) return;
      throw new ClusterError(`${component} did not ${wanted ? "start" : "stop"} within 90 s.`);
    };
    return {
      isRunning,
      stop: async () => {
        await move(manifests, aside);
        await until(false);
      },
      start: async () => {
        await move(aside, manifests);
        await until(true);
        if (component === "kube-apiserver") await this.#untilReady();
      },
    };
  }

  async #untilReady(): Promise<void> {
    const isReady = async () => (await this.kubectl.attempt("get", "--raw", "/readyz")).code === 0;
    if (!(await waitUntil(isReady, { milliseconds: 90_000 }))) throw new ClusterError("kube-apiserver is not ready.");
  }

  async auditLog(): Promise<AuditEvent[]> {
    return parseAuditLog(await inside(this.nodes[0] ?? "", "cat", `${kindAuditFolder}/audit.log`));
  }

  async log(component: ComponentName, node = this.nodes[0] ?? ""): Promise<string> {
    if (units.includes(component)) return inside(node, "journalctl", "--no-pager", "-n", "200", "-u", component);
    return this.kubectl("logs", "-n", "kube-system", "-l", `component=${component}`, "--tail=200");
  }

  async down(): Promise<void> {
    await this.#site.remove();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.down();
  }
}

const inside = (node: string, ...command: string[]): Promise<string> => run(["docker", "exec", node, ...command]);
