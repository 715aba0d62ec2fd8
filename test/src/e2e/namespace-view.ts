import type { Condition, InferenceDeployment, ServiceLevelReport, TuningRun } from "@sweetspot/crds";
import type { Cluster } from "../../cluster/src/cluster.ts";
import { namespace } from "./objects.ts";

interface List<T> {
  readonly items: readonly T[];
}

export interface PodView {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly deletionTimestamp?: string;
  };
  readonly spec: { readonly nodeName?: string; readonly automountServiceAccountToken?: boolean };
  readonly status: {
    readonly phase: string;
    readonly podIP?: string;
    readonly qosClass?: string;
    readonly containerStatuses?: readonly { readonly restartCount: number; readonly ready: boolean }[];
  };
}

/** What a user sees of one namespace by kubectl. */
export class NamespaceView {
  readonly #cluster: Cluster;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  infd = (name: string): Promise<InferenceDeployment> => this.#get("infd", name);

  run = (name: string): Promise<TuningRun> => this.#get("tune", name);

  async runs(deployment: string): Promise<readonly TuningRun[]> {
    const selector = `sweetspot.dev/inference-deployment=${deployment}`;
    return (await this.#list<TuningRun>("tune", selector)).items;
  }

  async servers(deployment: string): Promise<readonly PodView[]> {
    const selector = `sweetspot.dev/inference-deployment=${deployment},app.kubernetes.io/component=server`;
    const { items } = await this.#list<PodView>("pods", selector);
    return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  }

  async condition(deployment: string, type: string): Promise<Condition> {
    const { status } = await this.infd(deployment);
    const found = status?.conditions?.find((one) => one.type === type);
    if (found === undefined) throw new Error(`${deployment} has no condition ${type} yet`);
    return found;
  }

  /** The address at which the host reaches the Service of a deployment. */
  async inferUrl(deployment: string): Promise<string> {
    const service = await this.#get<{ spec: { clusterIP: string } }>("service", deployment);
    return `http://${service.spec.clusterIP}/v2/models/${deployment}/infer`;
  }

  /** What the only pod of a deployment says of itself. */
  async report(deployment: string): Promise<ServiceLevelReport> {
    const [pod] = await this.servers(deployment);
    const response = await fetch(`http://${pod?.status.podIP}:9090/v2/sweetspot/report`);
    return (await response.json()) as ServiceLevelReport;
  }

  #get<T>(kind: string, name: string): Promise<T> {
    return this.#cluster.kubectl.json<T>("get", kind, name, "-n", namespace);
  }

  #list<T>(kind: string, selector: string): Promise<List<T>> {
    return this.#cluster.kubectl.json<List<T>>("get", kind, "-n", namespace, "-l", selector);
  }
}
