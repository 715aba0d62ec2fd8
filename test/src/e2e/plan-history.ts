import { PlanHistory, parseDocument, ServingPlan } from "@sweetspot/crds";
import type { Cluster } from "../../cluster/src/cluster.ts";
import { eventually } from "./eventually.ts";
import { namespace } from "./objects.ts";

/** A target's history as its ConfigMap holds it. */
export class StoredPlans {
  readonly #cluster: Cluster;
  readonly #name: string;

  constructor(cluster: Cluster, deployment: string, target: string) {
    this.#cluster = cluster;
    this.#name = `${deployment}-${target}.history`;
  }

  async history(): Promise<PlanHistory> {
    return parseDocument(PlanHistory, await this.#file("history.json"), "the history");
  }

  /** The plan of a revision that the history still keeps. */
  async plan(revision: string): Promise<ServingPlan> {
    return parseDocument(ServingPlan, await this.#file(`${revision}.plan.json`), `the plan ${revision}`);
  }

  async #file(name: string): Promise<string> {
    const { data } = await this.#cluster.kubectl.json<{ data: Readonly<Record<string, string>> }>(
      ...["get", "configmap", this.#name, "-n", namespace],
    );
    return data[name] ?? "";
  }

  /** Puts a plan there as if it had been tried and refused, so that a person may promote it. */
  async remember(plan: ServingPlan, summary: string): Promise<void> {
    // What the operator writes in the same moment may undo it: what still stands seconds later is known to the operator.
    let stoodBefore = false;
    await eventually(
      `the history keeps ${plan.revision}`,
      async () => {
        const history = await this.history();
        const stands = history.revisions.some(({ name }) => name === plan.revision);
        if (stands && stoodBefore) return true;
        stoodBefore = stands;
        if (!stands) await this.#put(history, plan, summary);
        return false;
      },
      { seconds: 60, everyMilliseconds: 3000 },
    );
  }

  async #put(history: PlanHistory, plan: ServingPlan, summary: string): Promise<void> {
    const serving = history.revisions.find(({ name }) => name === history.serving);
    if (serving === undefined) throw new Error("the history has no revision that serves");
    const refused = {
      ...{ ...serving, name: plan.revision, origin: "Replan", outcome: "Refused", previous: serving.name },
      ...{ message: "A person put it here.", summary },
    };
    const data = {
      "history.json": JSON.stringify({ ...history, revisions: [...history.revisions, refused] }),
      [`${plan.revision}.plan.json`]: JSON.stringify(plan),
    };
    const patch = JSON.stringify({ data });
    await this.#cluster.kubectl("patch", "configmap", this.#name, "-n", namespace, "--type=merge", "-p", patch);
  }
}

/** The same plan, but no request is answered before it is late by far. */
export const withholding = (plan: ServingPlan, revision: string): ServingPlan => ({
  ...plan,
  revision,
  batching: {
    ...plan.batching,
    maximumRows: 1024,
    holdMicroseconds: 3000 * plan.serviceLevel.latencyMilliseconds,
  },
});
