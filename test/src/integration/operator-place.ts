import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { InferenceDeployment } from "@sweetspot/crds";
import { changed, minimal } from "@sweetspot/crds/testing";
import {
  configMaps,
  httpTransport,
  inferenceDeployments,
  KubeClient,
  type KubernetesObject,
  kubeconfigConnection,
  type Resource,
  type Transport,
  tuningRuns,
} from "@sweetspot/operator";
import { type ApiServer, type ApiServerOptions, startApiServer } from "../../cluster/src/index.ts";
import { eventually } from "../e2e/eventually.ts";
import { OperatorProcess, type ProcessOptions } from "./operator-process.ts";
import { deployments, jobs, pods, StandIn } from "./stand-in.ts";

const manifests = join(import.meta.dirname, "..", "..", "..", "charts", "sweetspot", "files", "crds");

const resource = (group: string, version: string, kind: string, plural: string): Resource => ({
  ...{ group, version, kind, plural, namespaced: true },
});

const nodesKind: Resource = { ...resource("", "v1", "Node", "nodes"), namespaced: false };
const nodeLabels = { "kubernetes.io/arch": "amd64", "kubernetes.io/os": "linux" };

/** All kinds that the operator makes, and those that are made of them; owners come before what they own. */
export const ownKinds: readonly Resource<KubernetesObject & Content>[] = [
  ...[inferenceDeployments, tuningRuns, deployments, jobs, pods, configMaps],
  resource("", "v1", "Service", "services"),
  resource("", "v1", "ServiceAccount", "serviceaccounts"),
  resource("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets"),
] as unknown as readonly Resource<KubernetesObject & Content>[];

/** What objects hold besides metadata. */
export interface Content {
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: Readonly<Record<string, unknown>>;
  readonly data?: Readonly<Record<string, string>>;
  readonly binaryData?: Readonly<Record<string, string>>;
}

/** An object as it was read, with what it is. */
export interface ReadObject extends KubernetesObject, Content {
  readonly kind: string;
}

/** Conditions that are enough to say that a deployment has come to rest with what was measured. */
const atRest = ["Ready Serving", "ConfigurationApplied Applied", "Tuned Tuned", "Reconciling Idle"];

/** Whether an InferenceDeployment serves what was measured for it, and nothing is under way. */
export function restsAsMeasured(conditions: readonly { readonly type: string; readonly reason: string }[]): boolean {
  const reasons = new Set(conditions.map(({ type, reason }) => `${type} ${reason}`));
  return atRest.every((reason) => reasons.has(reason));
}

interface PlaceOptions extends ApiServerOptions {
  readonly plays?: boolean;
  /** Node objects that there are; default none. Pods run on `node1` all the same. */
  readonly nodes?: number;
}

/** A real API server that knows our resources, with a stand-in for the rest of a cluster, and operators as they are wanted. */
export class OperatorPlace implements AsyncDisposable {
  readonly server: ApiServer;
  /** Another one than the stand-in's, so that faults of the one are none of the other. */
  readonly transport: Transport;
  readonly client: KubeClient;
  readonly standIn: StandIn;
  readonly #standInTransport: Transport;
  readonly #operators: OperatorProcess[] = [];

  private constructor(server: ApiServer, transport: Transport, standInTransport: Transport, nodes: number) {
    this.server = server;
    this.transport = transport;
    this.client = new KubeClient({ transport });
    this.#standInTransport = standInTransport;
    this.standIn = new StandIn(standInTransport, nodes);
  }

  /** `plays`: whether the stand-in begins at once; default true. */
  static async start({ plays = true, nodes = 0, ...options }: PlaceOptions = {}): Promise<OperatorPlace> {
    const server = await startApiServer(options);
    for (const file of readdirSync(manifests)) await server.kubectl.apply(readFileSync(join(manifests, file), "utf8"));
    await server.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s");
    const connect = async () => httpTransport(await kubeconfigConnection({ file: server.kubeconfig }));
    const place = new OperatorPlace(server, await connect(), await connect(), Math.max(1, nodes));
    const served = async () => (await place.client.list(tuningRuns, {})) !== null;
    await eventually("the resources are served", served, { seconds: 20 });
    const names = Array.from({ length: nodes }, (_, index) => `node${index + 1}`);
    await Promise.all(names.map((name) => place.client.create(nodesKind, { metadata: { name, labels: nodeLabels } })));
    if (plays) place.standIn.start();
    return place;
  }

  /** One that enforces Pod Security *restricted*. */
  async makeNamespace(name: string): Promise<void> {
    const labels = { "pod-security.kubernetes.io/enforce": "restricted" };
    await this.server.kubectl.apply([{ apiVersion: "v1", kind: "Namespace", metadata: { name, labels } }]);
  }

  /** A namespace with one InferenceDeployment: the smallest one, changed at these paths. */
  async makeDeployment(namespace: string, changes: Record<string, unknown> = {}): Promise<void> {
    await this.makeNamespace(namespace);
    const document = changed(minimal.InferenceDeployment, { "metadata.namespace": namespace, ...changes });
    await this.server.kubectl.apply([document]);
  }

  /** An operator for one namespace, or for all. `transport`: another one than the place's. */
  startOperator(
    namespace: string | undefined,
    options: ProcessOptions = {},
    transport = this.transport,
  ): OperatorProcess {
    const operator = new OperatorProcess(transport, { ...(namespace !== undefined && { namespace }), ...options });
    operator.ended.catch(() => undefined);
    this.#operators.push(operator);
    return operator;
  }

  async infd(namespace: string, name = "ocr"): Promise<InferenceDeployment> {
    return InferenceDeployment.parse(await this.client.get(inferenceDeployments, { namespace, name }));
  }

  /** The conditions of an InferenceDeployment: `Ready Serving` and so on. */
  async reasons(namespace: string, name = "ocr"): Promise<string[]> {
    const { conditions = [] } = (await this.infd(namespace, name)).status ?? {};
    return conditions.map(({ type, reason }) => `${type} ${reason}`);
  }

  /** Until what was measured serves. */
  async converged(namespace: string, name = "ocr", seconds = 40): Promise<void> {
    const isAtRest = async () => restsAsMeasured((await this.infd(namespace, name)).status?.conditions ?? []);
    await eventually(`${namespace}/${name} is tuned and serves`, isAtRest, { seconds, everyMilliseconds: 200 });
  }

  /** Everything of ours in a namespace, and all pods. */
  async objects(namespace: string): Promise<ReadObject[]> {
    const lists = await Promise.all(
      ownKinds.map(async (kind) => {
        const { items } = await this.client.list(kind, { namespace });
        return items.map((item) => ({ ...item, kind: kind.kind }));
      }),
    );
    return lists.flat();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#operators.map((operator) => operator.stop()));
    await this.standIn.stop();
    await this.transport.close();
    await this.#standInTransport.close();
    await this.server.stop();
  }
}
