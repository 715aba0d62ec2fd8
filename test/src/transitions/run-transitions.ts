import { type Condition, modelSourceOf } from "@sweetspot/crds";
import { configMaps, inferenceDeployments, type KubernetesObject, labelKeys } from "@sweetspot/operator";
import { eventually } from "../e2e/eventually.ts";
import type { OperatorPlace, ReadObject } from "../integration/operator-place.ts";
import type { OperatorProcess } from "../integration/operator-process.ts";
import { runtimeClasses, type Transition } from "./any-spec.ts";
import { differences, isSaid, stateOf } from "./deployment-state.ts";

/** What came of one transition and its way back, in sentences; nothing where all is well. */
export interface TransitionResult {
  readonly transition: Transition;
  readonly problems: readonly string[];
}

const quietMilliseconds = 1200;
const settleSeconds = 60;
/** Reasons of `Reconciling` that pass by themselves. */
const underWay = new Set(["Starting", "Tuning", "Applying"]);

/**
 * Changes specs and takes the changes back, all at the same time, each on an InferenceDeployment of its own that came to rest
 * before. After the change it must look as one that was made with the changed spec, and say what is wrong where it does not
 * serve; after the way back as it did before; and no question may have been measured twice.
 */
export async function runTransitions(
  place: OperatorPlace,
  operator: OperatorProcess,
  transitions: readonly Transition[],
  batch: string,
): Promise<TransitionResult[]> {
  const world = new World(place, operator, [`changed-${batch}`, `fresh-${batch}`]);
  const [changing, fresh] = world.namespaces;
  const names = transitions.map((_, index) => `t${index}`);
  const specs = transitions.flatMap(({ from, to }) => [from, to]);
  await world.makeRuntimeClasses();
  await Promise.all(world.namespaces.map((namespace) => world.makeSamples(namespace, specs)));
  await world.change(changing, new Map(names.map((name, index) => [name, transitions[index]?.from])));
  await world.change(fresh, new Map(names.map((name, index) => [name, transitions[index]?.to])));
  const [atHome, asMade] = await world.settle();
  await world.change(changing, new Map(names.map((name, index) => [name, transitions[index]?.to])));
  const [away] = await world.settle();
  await world.change(changing, new Map(names.map((name, index) => [name, transitions[index]?.from])));
  const [atLast] = await world.settle();
  await world.end();
  return transitions.map((transition, index) => {
    const name = names[index] as string;
    const compare = (wanted: readonly ReadObject[], found: readonly ReadObject[], when: string) =>
      differences(stateOf(wanted, name), stateOf(found, name)).map((text) => `${when}: ${text}`);
    return {
      transition,
      problems: [
        ...(keepsServing(transition) ? [] : compare(asMade, away, "changed")),
        ...silence(away, name),
        ...[atHome, away, atLast].flatMap((objects) => restlessness(objects, name)),
        ...compare(atHome, atLast, "taken back"),
        ...measuredTwice(atLast, name),
      ],
    };
  });
}

/** A source that cannot be had takes nothing down: what was served before goes on, which a new one never had. */
const keepsServing = ({ to }: Transition): boolean => modelSourceOf(to.model.uri).kind === "Unsupported";

function restlessness(objects: readonly ReadObject[], name: string): string[] {
  const infd = objects.find((object) => object.kind === "InferenceDeployment" && object.metadata.name === name);
  const conditions = (infd?.status?.["conditions"] ?? []) as readonly Condition[];
  return conditions.filter(isUnderWay).map(({ reason, message }) => `it does not come to rest: ${reason}: ${message}`);
}

const isUnderWay = ({ type, status, reason }: Condition): boolean =>
  type === "Reconciling" && status === "True" && underWay.has(reason);

function silence(objects: readonly ReadObject[], name: string): string[] {
  const infd = objects.find((object) => object.kind === "InferenceDeployment" && object.metadata.name === name);
  if (infd === undefined) return ["changed: it is gone"];
  const { generation } = infd.metadata;
  const seen = infd.status?.["observedGeneration"];
  if (seen !== generation) return [`changed: status is of generation ${seen}, not ${generation}`];
  return isSaid(infd) ? [] : ["changed: it does not serve as asked, and no condition says why"];
}

/** Attempts are counted in the names of runs, and of the Jobs that are called like them. */
const measuredTwice = (objects: readonly ReadObject[], name: string): string[] =>
  objects
    .filter(({ kind, metadata }) => kind === "Job" && metadata.labels?.[labelKeys.inferenceDeployment] === name)
    .filter(({ metadata }) => !metadata.name.endsWith("-1"))
    .map(({ metadata }) => `${metadata.name} measures what was measured before`);

/** Two namespaces and what is in them. */
class World {
  readonly namespaces: readonly [string, string];
  readonly #place: OperatorPlace;
  readonly #operator: OperatorProcess;

  constructor(place: OperatorPlace, operator: OperatorProcess, namespaces: readonly [string, string]) {
    this.#place = place;
    this.#operator = operator;
    this.namespaces = namespaces;
  }

  async makeRuntimeClasses(): Promise<void> {
    for (const handler of runtimeClasses) {
      const manifest = { apiVersion: "node.k8s.io/v1", kind: "RuntimeClass", metadata: { name: handler }, handler };
      await this.#place.server.kubectl.apply(manifest);
    }
  }

  /** The namespace, with all ConfigMaps that samples are read from. */
  async makeSamples(namespace: string, specs: readonly Transition["from"][]): Promise<void> {
    await this.#place.makeNamespace(namespace);
    const keys = new Map<string, Record<string, string>>();
    for (const { workload } of specs) {
      const { name, key } = workload.samples?.configMap ?? {};
      if (name !== undefined && key !== undefined) keys.set(name, { ...keys.get(name), [key]: "" });
    }
    const make = ([name, data]: [string, Record<string, string>]) =>
      this.#place.client.create(configMaps, { metadata: { namespace, name }, data });
    await Promise.all([...keys].map(make));
  }

  /** By a manager that owns all of the spec: what it does not name any more is gone. */
  async change(namespace: string, specs: ReadonlyMap<string, unknown>): Promise<void> {
    const change = async ([name, spec]: [string, unknown]) => {
      const manifest = { metadata: { namespace, name }, spec } as Manifest;
      await this.#place.client.apply(inferenceDeployments, manifest, { fieldManager: "user" });
    };
    await Promise.all([...specs].map(change));
  }

  /** The objects of both namespaces, once every deployment was looked at and nothing is written any more. */
  async settle(): Promise<[ReadObject[], ReadObject[]]> {
    const { writes } = this.#operator;
    const isQuiet = async () => {
      const last = writes.at(-1)?.at ?? 0;
      return performance.now() - last > quietMilliseconds && (await this.#areSeen());
    };
    // Who is not done by then is told of by its status.
    await eventually("all is quiet", isQuiet, { seconds: settleSeconds }).catch(() => undefined);
    return (await Promise.all(this.namespaces.map((namespace) => this.#place.objects(namespace)))) as [
      ReadObject[],
      ReadObject[],
    ];
  }

  async #areSeen(): Promise<boolean> {
    const lists = await Promise.all(
      this.namespaces.map((namespace) => this.#place.client.list(inferenceDeployments, { namespace })),
    );
    return lists
      .flatMap(({ items }) => items)
      .every(({ metadata, status }) => {
        return status?.observedGeneration === metadata.generation && !(status?.conditions ?? []).some(isUnderWay);
      });
  }

  async end(): Promise<void> {
    for (const namespace of this.namespaces) {
      const { items } = await this.#place.client.list(inferenceDeployments, { namespace });
      await Promise.all(items.map(({ metadata }) => this.#place.client.delete(inferenceDeployments, metadata)));
    }
  }
}

type Manifest = KubernetesObject & { readonly spec: NonNullable<(typeof inferenceDeployments)["objectType"]>["spec"] };
