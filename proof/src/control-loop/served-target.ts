import {
  type Condition,
  type InferenceDeployment,
  type PlanHistory,
  ServiceLevelReport,
  type ServiceLevelTarget,
  type ServingPlan,
  type TargetStatus,
} from "@sweetspot/crds";
import { eventually, inferenceDeployment, namespace, StoredPlans } from "@sweetspot/test/e2e";
import type { LoopPlace } from "./loop-place.ts";
import { SteadyLoad } from "./steady-load.ts";

export interface WantedTarget {
  readonly name: string;
  readonly image: string;
  readonly latencyMilliseconds: number;
  /** A whole CPU, where it is not said. */
  readonly resources?: { readonly cpu: string; readonly memory: string };
  /** Further fields of spec. */
  readonly spec?: object;
}

const tuning = { budgetSeconds: 20, variants: ["Source"] } as const;
const workload = { samples: { file: "samples.jsonl" } };
const longestTuningSeconds = 240;
const target = "cpu";

/** One InferenceDeployment with one target and one pod. */
export class ServedTarget {
  readonly name: string;
  readonly serviceLevel: ServiceLevelTarget;
  readonly #place: LoopPlace;
  #url = "";
  #address = "";

  private constructor(place: LoopPlace, { name, latencyMilliseconds }: WantedTarget) {
    this.#place = place;
    this.name = name;
    this.serviceLevel = { percentile: "P99", latencyMilliseconds };
  }

  /** Applies it, and waits until a pod answers. */
  static async apply(place: LoopPlace, wanted: WantedTarget): Promise<ServedTarget> {
    const served = new ServedTarget(place, wanted);
    const { name, image, latencyMilliseconds, resources, spec } = wanted;
    const more = { ...(resources && { resources }), spec: { workload, tuning, ...spec } };
    await place.cluster.kubectl.apply(inferenceDeployment({ name, image, latencyMilliseconds, ...more }));
    await place.cluster.kubectl("wait", "-n", namespace, `infd/${name}`, "--for=condition=Ready", "--timeout=90s");
    served.#url = await place.view.inferUrl(name);
    const [pod] = await place.view.servers(name);
    served.#address = pod?.status.podIP ?? "";
    return served;
  }

  /** Waits until it is measured and its pod runs what was measured. */
  async tuned(): Promise<TargetStatus> {
    const wait = (condition: string) =>
      this.#place.cluster.kubectl(
        ...["wait", "-n", namespace, `infd/${this.name}`, `--for=condition=${condition}`],
        `--timeout=${longestTuningSeconds}s`,
      );
    await wait("Tuned");
    await wait("ConfigurationApplied");
    const status = await this.status();
    this.#place.say(
      `${this.name}: ${status.winner}, carries ${status.capacityRequestsPerSecond?.toFixed(0)} requests/s, plan ${status.planRevision}`,
    );
    return status;
  }

  /** Waits until the loop knows what is usual; it needs traffic for that. */
  async baselined(): Promise<void> {
    await eventually("the baseline is taken", async () => (await this.history()).baseline.complete, {
      seconds: 150,
      everyMilliseconds: 2000,
    });
  }

  load(requestsPerSecond: number, lengths: readonly number[]): Promise<SteadyLoad> {
    return SteadyLoad.start(this.#url, this.serviceLevel, { requestsPerSecond, lengths });
  }

  say(line: string): void {
    this.#place.say(`${this.name}: ${line}`);
  }

  infd = (): Promise<InferenceDeployment> => this.#place.view.infd(this.name);

  condition = (type: string): Promise<Condition> => this.#place.view.condition(this.name, type);

  async patchSpec(spec: object): Promise<void> {
    const patch = JSON.stringify({ spec });
    await this.#place.cluster.kubectl("patch", "infd", this.name, "-n", namespace, "--type=merge", "-p", patch);
  }

  /** Deletes it, and waits until its pods are gone. */
  async remove(): Promise<void> {
    await this.#place.cluster.kubectl("delete", "infd", this.name, "-n", namespace, "--wait=false");
    const gone = async () => (await this.#place.view.servers(this.name)).length === 0;
    await eventually(`the pods of ${this.name} are gone`, gone, { seconds: 60, everyMilliseconds: 1000 });
  }

  async status(): Promise<TargetStatus> {
    const [status] = (await this.infd()).status?.targets ?? [];
    if (status === undefined) throw new Error(`${this.name} has no status yet`);
    return status;
  }

  async report(): Promise<ServiceLevelReport> {
    const response = await fetch(`http://${this.#address}:9090/v2/sweetspot/report`);
    return ServiceLevelReport.parse(await response.json());
  }

  async annotate(annotation: string, value: string): Promise<void> {
    const text = `sweetspot.dev/${annotation}=${value}`;
    await this.#place.cluster.kubectl("annotate", "infd", this.name, "-n", namespace, text, "--overwrite");
  }

  /** What the loop remembers of it. */
  get plans(): StoredPlans {
    return new StoredPlans(this.#place.cluster, this.name, target);
  }

  history = (): Promise<PlanHistory> => this.plans.history();

  /** The plan that its pod was told to run. */
  async plan(): Promise<ServingPlan> {
    const [pod] = await this.#place.view.servers(this.name);
    return JSON.parse(pod?.metadata.annotations?.["sweetspot.dev/plan"] ?? "null") as ServingPlan;
  }

  /** Restarts of its containers, and how many pods it had. */
  async pods(): Promise<{ readonly uids: readonly string[]; readonly restarts: number }> {
    const servers = await this.#place.view.servers(this.name);
    const restarts = servers.flatMap(({ status }) => status.containerStatuses?.map((one) => one.restartCount) ?? []);
    return { uids: servers.map(({ metadata }) => metadata.uid), restarts: restarts.reduce((a, b) => a + b, 0) };
  }

  async runs(): Promise<number> {
    return (await this.#place.view.runs(this.name)).length;
  }
}
