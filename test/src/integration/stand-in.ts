import { randomInt } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { digestOf, encodeRecord, type ServiceLevelReport, safeRevision } from "@sweetspot/crds";
import {
  annotationKeys,
  done,
  type KubernetesObject,
  keyOfObject,
  labelKeys,
  Manager,
  type Outcome,
  type Resource,
  type Transport,
} from "@sweetspot/operator";
import { collectGarbage } from "./stand-in-collector.ts";

/**
 * Plays what a bare API server lacks: the Deployment and Job controllers, the garbage collector, a kubelet, and the programs in the pods. A pod of
 * a Deployment becomes ready at once and answers on port 9090 of a loopback address of its own with a report; a pod of a
 * Job ends at once with a result.
 */

export interface Workload extends KubernetesObject {
  readonly spec?: {
    readonly replicas?: number;
    readonly template: { readonly metadata: object; readonly spec: object };
  };
}
export interface Pod extends KubernetesObject {
  readonly spec?: object & { readonly containers: readonly { readonly name: string }[] };
  readonly status?: { readonly phase?: string; readonly podIP?: string };
}
export interface ConfigMap extends KubernetesObject {
  readonly data?: Readonly<Record<string, string>>;
}

const resource = <T extends KubernetesObject>(group: string, version: string, kind: string): Resource<T> => ({
  group,
  version,
  kind,
  plural: `${kind.toLowerCase()}s`,
  namespaced: true,
});
export const deployments = resource<Workload>("apps", "v1", "Deployment");
export const jobs = resource<Workload>("batch", "v1", "Job");
export const pods = resource<Pod>("", "v1", "Pod");
export const configMaps = resource<ConfigMap>("", "v1", "ConfigMap");

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const sampleOf = (kind: string) =>
  JSON.parse(readFileSync(join(import.meta.dirname, "..", "..", "..", "crds", "samples", `${kind}.json`), "utf8"));

const report = encodeRecord("TuningReport", sampleOf("TuningReport"));
const recipe = encodeRecord("VariantRecipe", sampleOf("VariantRecipe"));
/** What the tuner of a Job prints. */
export const tunerLog = ["measuring ...", ...report.lines, ...recipe.lines, ""].join("\n");
/** Size of the gzipped report in it. */
export const reportBytes = report.gzip.length;
/** What the tuner leaves as its termination message. */
const tunerResult = JSON.stringify({
  ...sampleOf("TuningResult"),
  reportDigest: report.digest,
  recipeDigest: recipe.digest,
  planDigest: digestOf(sampleOf("TuningReport").decision.plan),
});

/** Things that are done at the same time: a cluster has more hands than one controller. */
const workers = 16;
const reportPort = 9090;
/** A thousand addresses that no other test of this machine is likely to have. */
const firstAddress = (127 << 24) | (randomInt(1, 2 ** 14) << 10);

/** One for all namespaces of an API server. */
export class StandIn {
  /** What pods of a namespace tell besides, by the revision of the plan that they run. */
  readonly tells = new Map<string, (revision: string) => Partial<ServiceLevelReport>>();
  readonly #manager: Manager;
  /** By UID of the pod. Its own status may not have come back yet when it is looked at again. */
  readonly #servers = new Map<string, { readonly address: string; readonly server: Server }>();
  readonly #stop = new AbortController();
  readonly #caches;
  #running: Promise<void> = Promise.resolve();
  #addresses = 0;
  #pods = 0;
  readonly #nodes: number;

  /** `nodes`: over how many nodes, `node1` and so on, pods are spread. */
  constructor(transport: Transport, nodes = 1) {
    this.#nodes = nodes;
    this.#manager = new Manager({
      transport,
      logger: silent,
      name: "stand-in",
      identity: "stand-in",
      lease: null,
      healthPort: null,
    });
    this.#caches = {
      deployments: this.#manager.cache(deployments),
      jobs: this.#manager.cache(jobs),
      pods: this.#manager.cache(pods),
      configMaps: this.#manager.cache(configMaps),
    };
    const { deployments: wanted, jobs: asked, pods: seen } = this.#caches;
    const ownersOf = ({ object }: { object: KubernetesObject }) =>
      (object.metadata.ownerReferences ?? []).map(({ name }) => `${object.metadata.namespace}/${name}`);
    this.#manager
      .controller({ name: "deployment", workers, reconcile: (key) => this.#scale(key) })
      .watch(wanted, ({ object }) => [keyOfObject(object)])
      .watch(seen, ownersOf);
    this.#manager
      .controller({ name: "job", workers, reconcile: (key) => this.#runJob(key) })
      .watch(asked, ({ object }) => [keyOfObject(object)]);
    collectGarbage(this.#manager, [wanted, asked, seen, this.#caches.configMaps]);
    this.#manager
      .controller({ name: "kubelet", workers, reconcile: (key) => this.#runPod(key) })
      .watch(seen, ({ object }) => [keyOfObject(object)]);
  }

  start(): void {
    this.#running = this.#manager.run(this.#stop.signal);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    for (const { server } of this.#servers.values()) server.close().closeAllConnections();
  }

  async #scale(key: string): Promise<Outcome> {
    const deployment = this.#caches.deployments.get(key);
    const { uid = "" } = deployment?.metadata ?? {};
    const own = this.#caches.pods.byOwner(uid);
    const wanted = deployment?.spec?.replicas ?? 0;
    if (deployment === undefined) return done;
    for (let index = 0; index < wanted; index++) await this.#makePod(deployments, deployment, index);
    for (const pod of own.slice(wanted)) {
      await this.#manager.client.delete(pods, pod.metadata, { gracePeriodSeconds: 0 });
    }
    return done;
  }

  async #runJob(key: string): Promise<Outcome> {
    const job = this.#caches.jobs.get(key);
    if (job !== undefined) await this.#makePod(jobs, job, 0);
    return done;
  }

  async #makePod(kind: Resource, { metadata, spec }: Workload, index: number): Promise<void> {
    const name = `${metadata.name}-${index}`;
    const { namespace = "", uid = "" } = metadata;
    if (this.#caches.pods.get(`${namespace}/${name}`) !== undefined) return;
    const owner = { apiVersion: `${kind.group}/${kind.version}`, kind: kind.kind, name: metadata.name, uid };
    const manifest = {
      metadata: { ...spec?.template.metadata, name, namespace, ownerReferences: [{ ...owner, controller: true }] },
      spec: { ...spec?.template.spec, nodeName: `node${1 + (this.#pods++ % this.#nodes)}` },
    };
    await this.#manager.client.create(pods, manifest as unknown as Pod).catch((error: { alreadyExists?: boolean }) => {
      if (error.alreadyExists !== true) throw error;
    });
  }

  async #runPod(key: string): Promise<Outcome> {
    const pod = this.#caches.pods.get(key);
    if (pod === undefined || pod.metadata.deletionTimestamp !== undefined) return done;
    if (pod.metadata.labels?.[labelKeys.component] === "tuner") return await this.#setStatus(pod, tunerStatus);
    const { uid = "" } = pod.metadata;
    const known = this.#servers.get(uid);
    const address = known?.address ?? this.#nextAddress();
    if (known === undefined) this.#servers.set(uid, { address, server: await this.#serve(key, address) });
    return await this.#setStatus(pod, serverStatus(address));
  }

  async #setStatus(pod: Pod, status: NonNullable<Pod["status"]>): Promise<Outcome> {
    if (pod.status?.phase === status.phase) return done;
    await this.#manager.client.mergePatch(pods, pod.metadata, { status }, { subresource: "status" });
    return done;
  }

  #nextAddress(): string {
    const address = firstAddress + ++this.#addresses;
    return [24, 16, 8, 0].map((bits) => (address >>> bits) & 255).join(".");
  }

  async #serve(key: string, address: string): Promise<Server> {
    const server = createServer((_, response) => response.end(JSON.stringify(this.#reportOf(key))));
    server.listen(reportPort, address).unref();
    await once(server, "listening");
    return server;
  }

  /** What a pod says that runs the plan in its annotation, or else a safe one. */
  #reportOf(key: string): ServiceLevelReport {
    const { annotations = {}, labels = {}, name = "", namespace = "" } = this.#caches.pods.get(key)?.metadata ?? {};
    // Of a `deaf` deployment the kubelet misses the first event.
    const deaf = name.startsWith("deaf") && /\/0$/.test(annotations[annotationKeys.nonce] ?? "");
    const selected = deaf ? undefined : annotations[annotationKeys.plan];
    const modelName = labels[labelKeys.inferenceDeployment] ?? "";
    const planRevision = selected && selected !== safeRevision ? JSON.parse(selected).revision : "safe";
    const told = this.tells.get(namespace)?.(planRevision) ?? {};
    return { ...sampleOf("ServiceLevelReport"), modelName, planRevision, ...told };
  }
}

const serverStatus = (podIP: string) => ({
  phase: "Running",
  podIP,
  podIPs: [{ ip: podIP }],
  conditions: [{ type: "Ready", status: "True" }],
});

const tunerStatus = {
  phase: "Succeeded",
  containerStatuses: [
    {
      ...{ name: "tuner", image: "tuner", imageID: "tuner", ready: false, restartCount: 0 },
      state: { terminated: { exitCode: 0, reason: "Completed", message: tunerResult } },
    },
  ],
};
