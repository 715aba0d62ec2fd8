import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { binariesAreThere, controlPlaneBinaries } from "../../cluster/src/index.ts";
import { eventually } from "../e2e/eventually.ts";
import { OperatorPlace } from "../integration/operator-place.ts";
import { pods } from "../integration/stand-in.ts";
import { type ReleasedObject, recordedReleases, restore } from "./released-objects.ts";
import { upheavals } from "./upheavals.ts";

const there = await binariesAreThere(controlPlaneBinaries);
const releases = recordedReleases();
const [, oldest = []] = releases[0] ?? [];

/** Objects of the oldest release with one of them changed, as if that release had been another one. */
const withChange = (id: string, change: (object: Writable) => void): readonly ReleasedObject[] =>
  oldest.map((object) => {
    if (`${object.kind}/${object.metadata.name}` !== id) return object;
    const copy = structuredClone(object) as unknown as Writable;
    change(copy);
    return copy as unknown as ReleasedObject;
  });

interface Writable {
  spec: Record<string, object> & {
    template: { spec: { containers: { args: string[] }[] } };
  };
  data: Record<string, string>;
}

const nameOf = (kind: string, pattern: RegExp): string =>
  oldest.find((object) => object.kind === kind && pattern.test(object.metadata.name))?.metadata.name ?? "";
const onlyRun = nameOf("TuningRun", /^reviews-amd-/);
const history = nameOf("ConfigMap", /^ocr-.*\.history$/);

/** By namespace: the objects that an operator of this tree finds there. */
const found: Record<string, readonly ReleasedObject[]> = {
  ...Object.fromEntries(releases.map(([release, objects]) => [`release-${release}`, objects])),
  template: withChange("Deployment/ocr-x64", ({ spec }) => spec.template.spec.containers[0]?.args.push("--older")),
  question: withChange("InferenceDeployment/reviews", ({ spec }) =>
    Object.assign(spec["tuning"] ?? {}, { budgetSeconds: 299 }),
  ),
  plan: withChange(`ConfigMap/${onlyRun}-report`, ({ data }) => Object.assign(data, { "plan.json": "{}" })),
  history: withChange(`ConfigMap/${history}`, ({ data }) => Object.assign(data, { "history.json": "{}" })),
};

describe.skipIf(!there)("an operator over objects that an earlier release has made", () => {
  let place: OperatorPlace;
  const changes: Record<string, string[]> = {};

  beforeAll(async () => {
    place = await OperatorPlace.start({ plays: false });
    const namespaces = Object.keys(found);
    await Promise.all(namespaces.map((namespace) => place.makeNamespace(namespace)));
    await Promise.all(namespaces.map((namespace) => restore(place, namespace, found[namespace] ?? [])));
    place.standIn.start();
    const areRunning = async () =>
      (await place.client.list(pods, {})).items.every(({ status }) => status?.phase !== "Pending");
    await eventually("all pods run or have ended", areRunning, { seconds: 20 });
    const before = await Promise.all(namespaces.map((namespace) => place.objects(namespace)));
    await letOperatorSettle(place);
    for (const [index, namespace] of namespaces.entries()) {
      changes[namespace] = upheavals(before[index] ?? [], await place.objects(namespace));
    }
  }, 120_000);

  afterAll(async () => {
    await place?.[Symbol.asyncDispose]();
  });

  it.each(releases.map(([release]) => release))(
    "of release %s measures nothing anew and restarts no pod",
    (release) => {
      expect(changes[`release-${release}`]).toEqual([]);
    },
  );

  it("would be noticed if its pods looked otherwise", () => {
    expect(changes["template"]).toContainEqual(expect.stringMatching(/^Deployment\/ocr-x64: spec\.template\..*args/));
  });

  it.each([
    ["if it asked another question", "question"],
    ["if it could not read the plan of an answer", "plan"],
  ])("would be noticed %s", (_, namespace) => {
    expect(changes[namespace]).toContainEqual(expect.stringMatching(/^TuningRun\/.* was made$/));
    expect(changes[namespace]).toContainEqual(expect.stringMatching(/^Job\/.* was made$/));
  });

  it("would be noticed if it could not read the history", () => {
    expect(changes["history"]).toContainEqual(expect.stringMatching(/\.history: data\.history\.json/));
  });
});

/** Long enough that every object was looked at, and until nothing was written for a while. */
async function letOperatorSettle(place: OperatorPlace): Promise<void> {
  const operator = place.startOperator(undefined);
  const wanted = Object.values(found)
    .flat()
    .filter(({ kind }) => kind === "InferenceDeployment").length;
  const isQuiet = async () => {
    const looked = operator.writes.filter(({ what }) => /\/inferencedeployments\/[^/]+\/status/.test(what));
    const last = operator.writes.at(-1)?.at ?? performance.now();
    return looked.length >= wanted && performance.now() - last > 2000;
  };
  await eventually("the operator has nothing more to write", isQuiet, { seconds: 60 });
  await operator.stop();
  await delay(100);
}
