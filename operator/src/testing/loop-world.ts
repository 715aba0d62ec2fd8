import {
  type CpuIdentity,
  type InferenceDeploymentStatus,
  type NodeClass,
  type PlanHistory,
  PlanTrial,
  parseDocument,
  type RecentTraffic,
  type ServiceLevelReport,
  ServingPlan,
  safeRevision,
  sizeIndex,
  type TargetStatus,
  TuningReport,
  type TuningRunSpec,
} from "@sweetspot/crds";
import type { ReplanAction } from "../actions/action.ts";
import { readHistory } from "../inference-deployment/loop/stored-history.ts";
import { noMemory } from "../inference-deployment/loop/target-memory.ts";
import type { Observed, ObservedTarget } from "../inference-deployment/observed.ts";
import { type DeploymentPlan, planDeployment } from "../inference-deployment/plan.ts";
import { concludeReplan } from "../planning/conclude-replan.ts";
import { findPlan } from "../planning/find-plan.ts";
import { noScalingMemory } from "../policies/autoscaling.ts";
import type { StoredInferenceDeployment } from "../resources.ts";
import { historyConfigMap } from "../specs/history-config-map.ts";
import { annotationKeys } from "../specs/names.ts";
import {
  type Changes,
  deploymentOf,
  infd,
  node,
  now,
  reportOf,
  sampleOf,
  serverPod,
  toldAnnotations,
} from "./objects.ts";
import { actionsOf, afterwards, observe, statusIn } from "./observations.ts";
import { answered, planOf, resultOf, runOf } from "./runs.ts";

/** The traffic of one pod at an instant. */
export interface Traffic {
  readonly requestsPerSecond: number;
  /** Share of bad requests under a plan. */
  readonly bad: (revision: string) => number;
  readonly length: number;
  /** Observed over expected engine time, under the table of the tuning. */
  readonly costRatio: number;
  /** Milliseconds that a block counts for under a plan, where one is tried. */
  readonly latency?: (revision: string) => number;
  /** Why a pod cannot serve the plan that is tried. */
  readonly trialFails?: string;
  /** What the pod finds its CPU to be; the one that was measured by default. */
  readonly cpu?: CpuIdentity;
  /** The kubelet does not show the pod its new files. */
  readonly deaf?: boolean;
}

const lookSeconds = 5;

export const steady: Traffic = { requestsPerSecond: 100, bad: () => 0.002, length: 32, costRatio: 1 };

/**
 * One tuned InferenceDeployment on virtual time, looked at every five seconds by the real plan. Its pod takes a plan at once and
 * tells of the traffic that the test says; a search for a plan runs at once, in the tables of the sample report.
 */
export class LoopWorld {
  readonly deployment: StoredInferenceDeployment;
  /** Each event once, in order: `Load: Target x64: ...`. */
  readonly events: string[] = [];
  /** Kinds of objects that were made. */
  readonly made: string[] = [];
  /** Specs of the runs among them. */
  readonly asked: Partial<TuningRunSpec>[] = [];
  /** Instants, in seconds since the beginning, at which status or history said something new. */
  readonly writes: number[] = [];
  searches = 0;
  /** Addresses of pods whose fitted tables a search began from. */
  readonly fittedBy: string[] = [];
  readonly #tables: boolean;
  readonly #trials: boolean;
  #trial: { readonly document: PlanTrial; readonly since: number } | null = null;
  #observed: Observed;
  #seconds = 0;
  #revision: string;
  #since = 0;
  readonly #past: { traffic: Traffic; revision: string }[] = [];

  /** `tables`: whether the report still holds them. `trials`: whether the pod can try a plan beside its own. */
  constructor(changes: Changes = {}, { tables = true, trials = false } = {}) {
    this.#trials = trials;
    this.#tables = tables;
    this.deployment = infd({ "spec.serviceLevel.latencyMilliseconds": 20, ...changes });
    const run = runOf(this.deployment, { progress: answered() });
    const annotations = toldAnnotations(planOf(this.deployment, run), 60);
    this.#revision = run.metadata.name;
    this.#observed = observe(this.deployment, {
      x64: { deployment: deploymentOf(1), pods: [serverPod({ annotations })], runs: [run] },
    });
  }

  get status(): InferenceDeploymentStatus {
    return this.#observed.infd.status as InferenceDeploymentStatus;
  }

  /** That the target's Deployment is to have: the pods that there are stay. */
  get replicas(): number | undefined {
    return this.#observed.targets[0]?.deployment?.spec?.replicas;
  }

  get target(): TargetStatus {
    const [target] = this.status.targets ?? [];
    if (target === undefined) throw new Error("nothing was looked at yet");
    return target;
  }

  condition(type: string): string | undefined {
    return this.#observed.infd.status?.conditions?.find((condition) => condition.type === type)?.reason;
  }

  get seconds(): number {
    return this.#seconds;
  }

  /** The plan that the pod runs. */
  get running(): ServingPlan {
    return parseDocument(ServingPlan, this.annotations[annotationKeys.plan] ?? "", "the pod's plan");
  }

  /** What is stored of the target's plans. */
  get history(): PlanHistory {
    const stored = readHistory(this.#observed.targets[0]?.history);
    if (stored === null) throw new Error("there is no history yet");
    return stored.history;
  }

  /** Annotations of the pod. */
  get annotations(): Readonly<Record<string, string>> {
    return this.#observed.targets[0]?.pods[0]?.metadata.annotations ?? {};
  }

  /** A measurement is done: the second of the same question, or the first of a changed one. `on`: the kind of node that it was done on. */
  measure(attempt: number, changes: Changes = {}, on: { nodeClass?: NodeClass; cpu?: CpuIdentity } = {}): this {
    const asked = infd({ "spec.serviceLevel.latencyMilliseconds": 20, ...changes });
    const { model: cpuModel, architecture } = on.cpu ?? {};
    const environment = {
      ...resultOf().environment,
      ...(cpuModel && { cpuModel }),
      ...(architecture && { architecture }),
    };
    const progress = answered({ environment });
    const run = runOf(asked, { ...on, progress, attempt, endedAgo: -this.#seconds });
    const others = this.#observed.targets[0]?.runs.filter(({ metadata: { name } }) => name !== run.metadata.name) ?? [];
    const { spec, status, metadata } = this.#observed.infd;
    const annotated = { ...asked, metadata: { ...asked.metadata, annotations: metadata.annotations ?? {} } };
    const changed = { ...annotated, ...(status && { status }) };
    const again = observe(changed, { x64: { runs: [...others, run] } });
    const [target] = again.targets;
    if (target === undefined || spec === undefined) throw new Error("there is one target");
    this.#observed = { ...this.#observed, infd: changed, spec: again.spec };
    this.#change((old) => ({ ...old, runs: target.runs, results: target.results }));
    return this;
  }

  /** Lets time pass under some traffic. */
  pass(seconds: number, traffic: Traffic = steady): this {
    for (const end = this.#seconds + seconds; this.#seconds < end; this.#seconds += lookSeconds) {
      for (let second = 0; second < lookSeconds; second++) this.#past.push({ traffic, revision: this.#revision });
      this.#look(traffic);
    }
    return this;
  }

  /** The pod's node has these labels from now on. */
  relabel(labels: NodeClass): this {
    this.#observed = { ...this.#observed, nodes: [node("node1", labels)] };
    return this;
  }

  /** The operator is another process, which has only what is stored. */
  restart(): this {
    this.#observed = { ...this.#observed, scaling: noScalingMemory };
    this.#change((target) => ({ ...target, memory: noMemory }));
    return this;
  }

  /** Somebody annotates the InferenceDeployment. */
  annotate(annotations: Readonly<Record<string, string>>): this {
    const { metadata } = this.#observed.infd;
    const more = { ...metadata.annotations, ...annotations };
    this.#observed = {
      ...this.#observed,
      infd: { ...this.#observed.infd, metadata: { ...metadata, annotations: more } },
    };
    return this;
  }

  #change(change: (target: ObservedTarget) => ObservedTarget): void {
    this.#observed = { ...this.#observed, targets: this.#observed.targets.map(change) };
  }

  #look(traffic: Traffic): void {
    const reports = new Map([[serverPod({}).metadata.uid ?? "", this.#report(traffic)]]);
    this.#change((target) => ({ ...target, reports }));
    this.#observed = { ...this.#observed, now: now + 1000 * (this.#seconds + lookSeconds) };
    const before = this.#observed;
    const plan = planDeployment(before);
    this.#note(before, plan);
    this.#observed = afterwards(before, plan);
    for (const action of actionsOf(plan, "Replan")) this.#search(action);
    this.#take(this.annotations[annotationKeys.plan] === safeRevision ? safeRevision : this.running.revision);
    this.#follow(this.annotations[annotationKeys.trial]);
  }

  #follow(text: string | undefined): void {
    if (text === undefined) this.#trial = null;
    else if (this.#trial === null) {
      this.#trial = { document: parseDocument(PlanTrial, text, "the trial"), since: this.#seconds };
    }
  }

  #note(before: Observed, plan: DeploymentPlan): void {
    for (const { reason, note } of actionsOf(plan, "RecordEvent")) this.events.push(`${reason}: ${note}`);
    const created = actionsOf(plan, "Create");
    this.made.push(...created.map(({ resource }) => resource.kind));
    this.asked.push(...created.map(({ manifest }) => (manifest as { spec?: Partial<TuningRunSpec> }).spec ?? {}));
    const history = JSON.stringify(before.targets[0]?.history?.data);
    const next = actionsOf(plan, "Apply").find(({ manifest }) => manifest.metadata.name.endsWith(".history"));
    const changed = JSON.stringify((next?.manifest as { data?: object } | undefined)?.data) !== history;
    if (changed || JSON.stringify(statusIn(plan)) !== JSON.stringify(before.infd.status))
      this.writes.push(this.#seconds);
  }

  #search({ stored, plan, work, serviceLevel, rejected, moment, fittedBy }: ReplanAction): void {
    this.searches += 1;
    this.fittedBy.push(...fittedBy);
    const whole = TuningReport.parse(sampleOf("TuningReport"));
    const report = this.#tables ? whole : { ...whole, tables: [] };
    const { traffic, slowdown } = work;
    const question = {
      report,
      plan,
      target: serviceLevel,
      traffic,
      slowdown,
      fitted: [],
      rejected,
      milliseconds: 60_000,
    };
    const { history, plans } = concludeReplan(
      stored,
      findPlan(question, () => 0),
      plan,
      moment,
    );
    const { data, metadata } = historyConfigMap("ocr", "x64", history, plans);
    this.#change((target) => ({ ...target, history: { ...target.history, metadata, data } }));
  }

  #take(revision: string): void {
    if (revision === this.#revision) return;
    this.#revision = revision;
    this.#since = this.#seconds + lookSeconds;
  }

  #report(traffic: Traffic) {
    const { percentile, latencyMilliseconds } = this.#observed.spec.serviceLevel;
    const report = reportOf({
      ...(traffic.cpu && { cpu: traffic.cpu }),
      modelName: "ocr",
      planRevision: this.#revision,
      target: { percentile, latencyMilliseconds },
      since: new Date(now + 1000 * this.#since).toISOString(),
      traffic: this.#recent(traffic),
    });
    const { trial: _, ...rest } = (report as { report: ServiceLevelReport }).report;
    return { report: this.#trials ? { ...rest, trial: this.#trialReport(traffic) } : rest };
  }

  /** A pair of blocks takes 24 s. Equal plans differ by chance, now this way and now the other. */
  #trialReport({ latency = () => 10, trialFails, deaf }: Traffic): ServiceLevelReport["trial"] {
    if (this.#trial === null || deaf) return null;
    const { document, since } = this.#trial;
    const done = Math.floor((this.#seconds - since) / 24);
    const noise = (pair: number) => 1 + 0.02 * Math.sin(7 * pair);
    const pairs = Array.from({ length: trialFails === undefined ? done : 0 }, (_, pair) => ({
      pair,
      incumbent: latency(this.#revision) * noise(pair),
      candidate: latency(document.plan.revision),
      incumbentRequests: 1000,
      candidateRequests: 1000,
    }));
    return {
      id: document.id,
      state: trialFails === undefined ? "Running" : "Failed",
      message: trialFails ?? null,
      candidateDigest: null,
      since: null,
      arm: null,
      pairs,
    };
  }

  /** Blocks lie on whole multiples since the epoch; the world begins on one. */
  #recent({ length, requestsPerSecond }: Traffic): RecentTraffic {
    const elapsed = this.#past.length;
    const start = now / 1000;
    const sums = (from: number, to: number, of: (traffic: Traffic, revision: string) => number) =>
      this.#past.slice(from, to).reduce((sum, { traffic, revision }) => sum + of(traffic, revision), 0);
    const total = ({ requestsPerSecond: rate }: Traffic) => rate;
    const bad = (traffic: Traffic, revision: string) => traffic.requestsPerSecond * traffic.bad(revision);
    const rings = (width: number, most: number) => {
      const blocks = Math.floor(elapsed / width);
      const first = Math.max(0, blocks - most);
      const each = (of: typeof bad) =>
        Array.from({ length: blocks - first }, (_, i) =>
          Math.round(sums((first + i) * width, (first + i + 1) * width, of)),
        );
      return { end: start + blocks * width, each };
    };
    const tens = rings(10, 360);
    const ones = rings(1, 120);
    const stages = rings(10, 30);
    const requests = Math.round(60 * requestsPerSecond);
    const sketch = (size: number) => [...new Array<number>(sizeIndex(size)).fill(0), requests];
    return {
      tenSeconds: { end: tens.end, total: tens.each(total), bad: tens.each(bad) },
      seconds: { end: ones.end, total: ones.each(total), bad: ones.each(bad) },
      stages: {
        end: stages.end,
        answered: stages.each(total),
        queue: stages.each(() => 100_000),
        engine: stages.each(() => 300_000),
        other: stages.each(() => 50_000),
        observed: stages.each((one) => 300_000 * one.costRatio),
        expected: stages.each(() => 300_000),
      },
      lengths: sketch(length),
      rows: sketch(1),
    };
  }
}
