import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { changed, minimal } from "@sweetspot/crds/testing";
import { inferenceDeployments, type KubernetesObject } from "@sweetspot/operator";
import { operatorNodeFlags } from "@sweetspot/operator/node-flags";
import { type OperatorPlace, restsAsMeasured } from "../integration/operator-place.ts";
import type { OperatorCosts } from "./operator-costs.ts";

const program = join(import.meta.dirname, "fleet-operator-program.ts");
/** What V8 takes for itself in a container with the memory limit of the chart, 512 MiB. */
const oldSpaceMiB = 256;
/** Requests of the one who makes them all. */
const atOnce = 16;

/** Many InferenceDeployments in one namespace. */
export class Fleet {
  readonly place: OperatorPlace;
  readonly namespace: string;

  constructor(place: OperatorPlace, namespace: string) {
    this.place = place;
    this.namespace = namespace;
  }

  /** Makes so many. Either all ask for the same, or each for another target. */
  async make(count: number, kind: "equal" | "different"): Promise<void> {
    const left = Array.from({ length: count }, (_, index) => index);
    const work = async () => {
      for (let index = left.shift(); index !== undefined; index = left.shift()) {
        const latencyMilliseconds = kind === "equal" ? 50 : 50 + index;
        const document = changed(minimal.InferenceDeployment, {
          "metadata.namespace": this.namespace,
          "metadata.name": `m${index}`,
          "spec.serviceLevel.latencyMilliseconds": latencyMilliseconds,
        });
        await this.place.client.create(inferenceDeployments, document as unknown as Made);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, work));
  }

  /** How many serve what was measured for them. */
  async atRest(): Promise<number> {
    const { items } = await this.place.client.list(inferenceDeployments, { namespace: this.namespace });
    return items.filter(({ status }) => restsAsMeasured(status?.conditions ?? [])).length;
  }
}

type Made = KubernetesObject & { readonly spec: NonNullable<(typeof inferenceDeployments)["objectType"]>["spec"] };

/** An operator in a process of its own, of which it can be asked what it costs. */
export class MeasuredOperator implements AsyncDisposable {
  readonly #child: ChildProcess;

  constructor({ server }: OperatorPlace, namespace: string) {
    this.#child = fork(program, [server.kubeconfig, namespace], {
      execArgv: [...operatorNodeFlags, `--max-old-space-size=${oldSpaceMiB}`],
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
  }

  async costs(): Promise<OperatorCosts> {
    const told = once(this.#child, "message");
    this.#child.send("costs");
    const [costs] = await Promise.race([told, this.#ended()]);
    return costs;
  }

  async #ended(): Promise<never> {
    await once(this.#child, "exit");
    throw new Error("The operator has ended.");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.disconnect();
    await ended;
  }
}
