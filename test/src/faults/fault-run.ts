import { changed, minimal } from "@sweetspot/crds/testing";
import { labelKeys } from "@sweetspot/operator";
import { eventually } from "../e2e/eventually.ts";
import type { OperatorPlace } from "../integration/operator-place.ts";
import type { OperatorProcess, ProcessOptions } from "../integration/operator-process.ts";
import { deployments } from "../integration/stand-in.ts";
import { type DeploymentState, differences, stateOf } from "../transitions/deployment-state.ts";
import { FaultyTransport } from "./faulty-transport.ts";

/** Where everything has come to, however it came there: what users see, and the names of all that was made. */
export interface EndState {
  readonly names: readonly string[];
  readonly state: DeploymentState;
}

const name = "ocr";
const child = "ocr-x64";

/** One InferenceDeployment in a namespace of its own, and operators that reach the API server over a network that fails. */
export class FaultRun {
  readonly place: OperatorPlace;
  readonly namespace: string;
  readonly transport: FaultyTransport;
  readonly #operators: OperatorProcess[] = [];

  private constructor(place: OperatorPlace, namespace: string) {
    this.place = place;
    this.namespace = namespace;
    this.transport = new FaultyTransport(place.transport);
  }

  static async begin(place: OperatorPlace, namespace: string): Promise<FaultRun> {
    const run = new FaultRun(place, namespace);
    await place.makeNamespace(namespace);
    await run.makeDeployment();
    return run;
  }

  async makeDeployment(): Promise<void> {
    const document = changed(minimal.InferenceDeployment, { "metadata.namespace": this.namespace });
    await this.place.server.kubectl.apply([document]);
  }

  start(options: ProcessOptions = {}, transport = this.transport): OperatorProcess {
    const operator = this.place.startOperator(this.namespace, options, transport);
    this.#operators.push(operator);
    return operator;
  }

  /** Ends all operators; what they have made stays. */
  async end(): Promise<void> {
    await Promise.allSettled(this.#operators.map((operator) => operator.stop()));
  }

  async converged(seconds = 60): Promise<void> {
    await this.place.converged(this.namespace, name, seconds);
  }

  async endState(): Promise<EndState> {
    const objects = await this.place.objects(this.namespace);
    const ours = objects.filter(({ metadata }) => metadata.labels?.[labelKeys.managedBy] === "sweetspot");
    const names = ours.map(({ kind, metadata }) => `${kind}/${metadata.name}`).sort();
    return { names, state: stateOf(objects, name) };
  }

  /** Until the end is the expected one; what is different in the end, if anything. */
  async differencesTo(expected: EndState, seconds = 40): Promise<string[]> {
    let left: string[] = ["it was not looked at"];
    const isSame = async () => {
      left = differences(expected, await this.endState());
      return left.length === 0;
    };
    await eventually("the end is the same", isSame, { seconds, everyMilliseconds: 300 }).catch(() => undefined);
    return left;
  }

  /** Somebody changes what the operator has made. */
  async tamper(): Promise<void> {
    await this.place.client.mergePatch(
      deployments,
      { namespace: this.namespace, name: child },
      { spec: { replicas: 3 } },
    );
  }

  /** Seconds until that is mended. */
  async mended(seconds = 120): Promise<number> {
    const began = performance.now();
    const isMended = async () => {
      const { spec } = await this.place.client.get(deployments, { namespace: this.namespace, name: child });
      return spec?.replicas === 1;
    };
    await eventually("it is mended", isMended, { seconds, everyMilliseconds: 50 });
    return (performance.now() - began) / 1000;
  }
}
