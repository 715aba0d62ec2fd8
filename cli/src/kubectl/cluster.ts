import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import {
  checkDocument,
  InferenceDeployment,
  PlanHistory,
  parseDocument,
  ServingPlan,
  TuningReport,
  TuningRun,
} from "@sweetspot/crds";
import {
  configMaps,
  historyKeys,
  historyName,
  inferenceDeployments,
  type KubeClient,
  reportKeys,
  type Transport,
  tuningRuns,
} from "@sweetspot/operator";
import { UserError } from "../user-error.ts";
import { orUserError } from "./cluster-errors.ts";

/** A report may be so large once it is unpacked; more is a mistake or a bomb. */
const mostReportBytes = 16 * 2 ** 20;

/** A target's history with the plans that no TuningRun holds, by their revision. */
export interface TargetHistory {
  readonly history: PlanHistory;
  readonly plans: ReadonlyMap<string, ServingPlan>;
}

const nameOf = (deployment: InferenceDeployment): string => deployment.metadata.name;

/** What people look at and ask for in one namespace of a cluster. Every method throws `UserError`. */
export class Cluster {
  readonly namespace: string;
  readonly #client: KubeClient;
  readonly #transport: Transport;

  constructor(namespace: string, client: KubeClient, transport: Transport) {
    this.namespace = namespace;
    this.#client = client;
    this.#transport = transport;
  }

  close(): Promise<void> {
    return this.#transport.close();
  }

  async deployment(name: string): Promise<InferenceDeployment> {
    const what = `InferenceDeployment ${name} in namespace ${this.namespace}`;
    const found = await orUserError(what, this.#client.get(inferenceDeployments, this.#in(name)));
    return checkDocument(InferenceDeployment, found, what);
  }

  /** In order of namespace and name. */
  async deployments(everywhere: boolean): Promise<InferenceDeployment[]> {
    const namespace = everywhere ? undefined : this.namespace;
    const what = everywhere ? "InferenceDeployments of the cluster" : `InferenceDeployments in namespace ${namespace}`;
    const { items } = await orUserError(what, this.#client.list(inferenceDeployments, { namespace }));
    return items.map((item) => checkDocument(InferenceDeployment, item, `InferenceDeployment ${item.metadata.name}`));
  }

  /** The plans of a target and what became of them; null where none was taken yet. */
  async history(deployment: InferenceDeployment, target: string): Promise<TargetHistory | null> {
    const name = historyName(nameOf(deployment), target);
    const data = (await this.#configMap(name))?.data ?? {};
    const text = data[historyKeys.history];
    if (text === undefined) return null;
    const history = parseDocument(PlanHistory, text, `The history in ConfigMap ${name}`);
    const plans = history.revisions.flatMap(({ name: revision }): [string, ServingPlan][] => {
      const plan = data[historyKeys.plan(revision)];
      return plan === undefined ? [] : [[revision, parseDocument(ServingPlan, plan, `Plan ${revision}`)]];
    });
    return { history, plans: new Map(plans) };
  }

  /** The whole answer of the tuning that measured a target. */
  async report(deployment: InferenceDeployment, target: string): Promise<TuningReport> {
    return this.reportOf(deployment, this.#runOf(deployment, target));
  }

  /** The whole answer of one of its TuningRuns. */
  async reportOf(deployment: InferenceDeployment, name: string): Promise<TuningReport> {
    const what = `TuningRun ${name} in namespace ${this.namespace}`;
    const run = checkDocument(TuningRun, await orUserError(what, this.#client.get(tuningRuns, this.#in(name))), what);
    const { report, message = "" } = run.status ?? {};
    if (report === undefined) throw new UserError("ClusterRefused", `TuningRun ${name} has no report. ${message}`);
    const stored = (await this.#configMap(report.configMap))?.binaryData?.[reportKeys.report];
    if (stored === undefined) {
      throw new UserError(
        "ClusterRefused",
        `ConfigMap ${report.configMap} holds no report. Ask for a new measurement: kubectl sweetspot retune ${nameOf(deployment)}`,
      );
    }
    return unpack(Buffer.from(stored, "base64"), report.digest, report.configMap);
  }

  #runOf(deployment: InferenceDeployment, target: string): string {
    const name = deployment.status?.targets?.find((status) => status.name === target)?.tuningRun;
    if (name !== undefined) return name;
    const tuned = deployment.status?.conditions?.find(({ type }) => type === "Tuned");
    throw new UserError("ClusterRefused", `Target ${target} was not measured yet. ${tuned?.message ?? ""}`);
  }

  /** Sets annotations of an InferenceDeployment; null removes one. */
  async annotate(name: string, annotations: Readonly<Record<string, string | null>>): Promise<void> {
    const patch = { metadata: { annotations } };
    const what = `InferenceDeployment ${name} in namespace ${this.namespace}`;
    await orUserError(what, this.#client.mergePatch(inferenceDeployments, this.#in(name), patch));
  }

  async #configMap(name: string) {
    const { items } = await orUserError(
      `ConfigMap ${name} in namespace ${this.namespace}`,
      this.#client.list(configMaps, { namespace: this.namespace, fieldSelector: `metadata.name=${name}` }),
    );
    return items[0];
  }

  #in = (name: string) => ({ namespace: this.namespace, name });
}

function unpack(gzip: Buffer, digest: string, configMap: string): TuningReport {
  const actual = `sha256:${createHash("sha256").update(gzip).digest("hex")}`;
  if (actual !== digest) {
    throw new UserError("BadInput", `The report in ConfigMap ${configMap} is not the one that its TuningRun names.`);
  }
  let text: string;
  try {
    text = gunzipSync(gzip, { maxOutputLength: mostReportBytes }).toString("utf8");
  } catch (error) {
    throw new UserError("BadInput", `The report in ConfigMap ${configMap} cannot be unpacked: ${String(error)}`);
  }
  return parseDocument(TuningReport, text, `The report in ConfigMap ${configMap}`);
}
